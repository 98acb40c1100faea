/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Counts for the state map: nothing, unless the program defines PKTMETA_COUNT. */
#ifndef PKTMETA_COUNT_BPF_H
#define PKTMETA_COUNT_BPF_H

#ifdef PKTMETA_COUNT

static __always_inline void *__pktmeta_slot_state(__u32 slot)
{
	/* 8 bytes, or the compiler spills 4 beside the key, which the verifier forgets when the key is written. */
	__u32 key[2] = {slot};

	return bpf_map_lookup_elem(&pktmeta_state, key);
}

/* This CPU's counts of a field; NULL, and one more stale call, if the slot is another field's by now. */
static __always_inline struct pktmeta_state *__pktmeta_field_state(__u32 id)
{
	struct pktmeta_state *state = __pktmeta_slot_state(pktmeta_id_slot(id));
	struct pktmeta_area_state *area;

	if (state && pktmeta_id_slot(id) && state->id == id) /* slot 0 is the area's */
		return state;
	area = __pktmeta_slot_state(0);
	if (area)
		area->stale++;
	return NULL;
}

static __always_inline void __pktmeta_count_refusal(__u64 *refused, int err)
{
	switch (err) {
	case -ENOENT:
		refused[PKTMETA_REFUSED_ENOENT]++;
		break;
	case -EINVAL:
		refused[PKTMETA_REFUSED_EINVAL]++;
		break;
	case -EFAULT:
		refused[PKTMETA_REFUSED_EFAULT]++;
		break;
	case -ENOSPC:
		refused[PKTMETA_REFUSED_ENOSPC]++;
		break;
	case -EOPNOTSUPP:
		refused[PKTMETA_REFUSED_EOPNOTSUPP]++;
		break;
	case -EBUSY:
		refused[PKTMETA_REFUSED_EBUSY]++;
		break;
	default:
		refused[PKTMETA_REFUSED_OTHER]++;
	}
}

static __always_inline void __pktmeta_count_open(int err, int made)
{
	struct pktmeta_area_state *area = __pktmeta_slot_state(0);

	if (!area)
		return;
	if (err)
		__pktmeta_count_refusal(area->refused, err);
	else if (made)
		area->made++;
	else
		area->found++;
}

static __always_inline void __pktmeta_count_set(__u32 id, int err)
{
	struct pktmeta_state *state = __pktmeta_field_state(id);

	if (!state)
		return;
	if (err)
		__pktmeta_count_refusal(state->set_refused, err);
	else
		state->set++;
}

static __always_inline void __pktmeta_count_get(__u32 id, int err, int carried)
{
	struct pktmeta_state *state = __pktmeta_field_state(id);

	if (!state)
		return;
	if (err)
		__pktmeta_count_refusal(state->get_refused, err);
	else if (carried)
		state->got++;
	else
		state->not_set++;
}

#else /* !PKTMETA_COUNT */

#define __pktmeta_count_open(err, made) ((void)(err), (void)(made))
#define __pktmeta_count_set(id, err) ((void)(id), (void)(err))
#define __pktmeta_count_get(id, err, carried) ((void)(id), (void)(err), (void)(carried))

#endif /* PKTMETA_COUNT */

#endif /* PKTMETA_COUNT_BPF_H */
