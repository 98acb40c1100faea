/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Counts for the state map: nothing, unless the program defines PKTMETA_COUNT. */
#ifndef PKTMETA_COUNT_BPF_H
#define PKTMETA_COUNT_BPF_H

/*
 * Where a packet's calls are counted, looked up once as its area is opened. Whether that is there is a number of its
 * own, as in the cursor.
 */
struct pktmeta_counts {
#ifdef PKTMETA_COUNT
	struct pktmeta_state *state;
	__u64 is_there;
#endif
};

#ifdef PKTMETA_COUNT

static __always_inline struct pktmeta_state *__pktmeta_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pktmeta_state, &zero);
}

/* Not 0 if there is nothing to count in, which the verifier cannot know: then there is no area to open either. */
static __always_inline int __pktmeta_find_counts(struct pktmeta_counts *counts)
{
	counts->state = __pktmeta_state();
	counts->is_there = counts->state != NULL;
	return counts->state ? 0 : -ENOENT;
}

static __always_inline int __pktmeta_has_counts(const struct pktmeta_counts *counts)
{
	__u64 is_there = counts->is_there;

	__PKTMETA_KEEP(is_there);
	return is_there != 0;
}

static __always_inline void __pktmeta_count_open(const struct pktmeta_counts *counts, int err, int made)
{
	struct pktmeta_state *state = counts->state;

	switch (err) {
	case 0:
		if (made)
			state->made++;
		else
			state->found++;
		break;
	case -ENOENT:
		state->refused[PKTMETA_REFUSED_ENOENT]++;
		break;
	case -EFAULT:
		state->refused[PKTMETA_REFUSED_EFAULT]++;
		break;
	case -ENOSPC:
		state->refused[PKTMETA_REFUSED_ENOSPC]++;
		break;
	case -EOPNOTSUPP:
		state->refused[PKTMETA_REFUSED_EOPNOTSUPP]++;
		break;
	case -EBUSY:
		state->refused[PKTMETA_REFUSED_EBUSY]++;
		break;
	default:
		state->refused[PKTMETA_REFUSED_OTHER]++;
	}
}

/* Counts for the field with an id that the registry has. */
static __always_inline void __pktmeta_count(struct pktmeta_state *state, enum pktmeta_counter counter, __u32 id)
{
	state->counts[counter][pktmeta_id_slot(id) % PKTMETA_SLOTS]++;
}

/* A call by id that returned an error other than that the packet does not carry the field. */
static __always_inline void __pktmeta_count_refusal(struct pktmeta_state *state, __u32 id, int err,
						    enum pktmeta_counter einval, enum pktmeta_counter efault)
{
	switch (err) {
	case -EINVAL:
		__pktmeta_count(state, einval, id);
		break;
	case -EFAULT:
		__pktmeta_count(state, efault, id);
		break;
	case -EBUSY:
		__pktmeta_count(state, PKTMETA_COUNTER_SET_EBUSY, id);
		break;
	default:
		state->stale++;
	}
}

/* Of a cursor that is open, or of which open has failed: only in the first is there surely something to count in. */
static __always_inline void __pktmeta_count_set(const struct pktmeta_counts *counts, __u32 id, int err)
{
	if (!err)
		__pktmeta_count(counts->state, PKTMETA_COUNTER_SET, id);
	else if (__pktmeta_has_counts(counts))
		__pktmeta_count_refusal(counts->state, id, err, PKTMETA_COUNTER_SET_EINVAL, PKTMETA_COUNTER_SET_EFAULT);
}

static __always_inline void __pktmeta_count_get(const struct pktmeta_counts *counts, __u32 id, int err, int carried)
{
	if (carried)
		__pktmeta_count(counts->state, PKTMETA_COUNTER_GOT, id);
	else if (!err)
		__pktmeta_count(counts->state, PKTMETA_COUNTER_NOT_SET, id);
	else if (__pktmeta_has_counts(counts))
		__pktmeta_count_refusal(counts->state, id, err, PKTMETA_COUNTER_GET_EINVAL, PKTMETA_COUNTER_GET_EFAULT);
}

#else /* !PKTMETA_COUNT */

#define __pktmeta_find_counts(counts) ((void)(counts), 0)
#define __pktmeta_count_open(counts, err, made) ((void)(counts), (void)(err), (void)(made))
#define __pktmeta_count_set(counts, id, err) ((void)(counts), (void)(id), (void)(err))
#define __pktmeta_count_get(counts, id, err, carried) ((void)(counts), (void)(id), (void)(err), (void)(carried))

#endif /* PKTMETA_COUNT */

#endif /* PKTMETA_COUNT_BPF_H */
