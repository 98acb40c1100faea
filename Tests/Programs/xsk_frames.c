// SPDX-License-Identifier: BSD-2-Clause
/*
 * What <pktmeta/xsk.h> makes of frames that lie anywhere in memory: one that ends where the memory does, and one whose
 *area begins where the memory does, at each distance from an aligned address; of each size, id and generation.
 *
 *	xsk_frames REGISTRY FIELD AGE	the field is a u64, and so many generations old
 */
#include <pktmeta/xsk.h>
#include <stdlib.h>

#define PAGE 4096
#define NUMBER 0x1122334455667788ULL

static long checks, failures;

#define CHECK(condition, number) \
	do { \
		checks++; \
		if (!(condition)) { \
			failures++; \
			printf("line %d: %s, of %ld\n", __LINE__, #condition, (long)(number)); \
		} \
	} while (0)

/* Memory of a page, with none before and none behind. */
static unsigned char *make_memory(void)
{
	unsigned char *start = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED || mprotect(start + PAGE, PAGE, PROT_READ | PROT_WRITE))
		exit(2);
	return start + PAGE;
}

/* As a program in XDP leaves it, that many generations before the registry's. */
static void make_area(const struct pktmeta_xsk *x, unsigned char *data, __u32 id, long age)
{
	struct pktmeta_header header = {.seal = x->header, .fields_set = 1U << id % PKTMETA_SLOTS};
	__u64 trailer = pktmeta_trailer(x->stamp + pktmeta_word_generation(x->registry->word) - (__u64)age);
	unsigned char *area = data - x->capacity;
	const __u64 number = NUMBER;

	memset(area, 0xa5, x->capacity);
	memcpy(area, &header, sizeof(header));
	memcpy(area + pktmeta_layout_offset(x->registry->layouts[id % PKTMETA_SLOTS]), &number, sizeof(number));
	memcpy(data - sizeof(trailer), &trailer, sizeof(trailer));
}

static int get(const struct pktmeta_xsk *x, const void *data, __u32 id, __u32 size, __u64 *value)
{
	unsigned char bytes[PKTMETA_VALUE_MAX];
	unsigned int i;
	int err;

	memset(bytes, 0x5a, sizeof(bytes));
	err = pktmeta_xsk_get(x, data, id, bytes, size);
	memcpy(value, bytes, sizeof(*value));
	for (i = err ? 0 : size; i < sizeof(bytes); i++)
		CHECK(bytes[i] == 0x5a, i);
	return err;
}

static void check_places(const struct pktmeta_xsk *x, unsigned char *memory, __u32 id)
{
	unsigned char before[PAGE];
	int shift, at_end;

	for (shift = 0; shift < 8; shift++) {
		for (at_end = 0; at_end < 2; at_end++) {
			unsigned char *data = at_end ? memory + PAGE - shift : memory + x->capacity + shift;
			__u64 value;

			memset(memory, 0, PAGE);
			CHECK(get(x, data, id, sizeof(value), &value) == -EFAULT, shift);
			CHECK(pktmeta_xsk_is_set(x, data, id) == -EFAULT, shift);
			make_area(x, data, id, 0);
			CHECK(!get(x, data, id, sizeof(value), &value) && value == NUMBER, shift);
			CHECK(pktmeta_xsk_is_set(x, data, id) == 1, shift);
			memset(data - x->capacity + 4, 0, 4); /* fields_set */
			CHECK(get(x, data, id, sizeof(value), &value) == -ENOENT, shift);
			CHECK(!pktmeta_xsk_is_set(x, data, id), shift);
			memcpy(before, memory, PAGE);
			pktmeta_xsk_clear(x, data);
			CHECK(get(x, data, id, sizeof(value), &value) == -EFAULT, shift);
			memset(before + (data - memory) - x->capacity, 0, PKTMETA_HEADER_SIZE);
			CHECK(!memcmp(before, memory, PAGE), shift); /* nothing else */
		}
	}
}

static void check_sizes_and_ids(const struct pktmeta_xsk *x, unsigned char *data, __u32 id)
{
	static const __u32 sizes[] = {0, 1, 7, 9, 16, 63, 64, 65, 0x108, 0x10008, 0x80000008, 0xffffffff};
	__u64 value;
	unsigned int i;
	__u32 slot;

	make_area(x, data, id, 0);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		CHECK(get(x, data, id, sizes[i], &value) == -EINVAL, sizes[i]);
	/* The size is looked at before the area, and the id before the size. */
	CHECK(get(x, data + 8, id, 4, &value) == -EINVAL, 0);
	for (i = 1; i < 0x10000; i++) {
		__u32 other = pktmeta_id((__u8)(id % PKTMETA_SLOTS), (__u16)((id >> 8 & 0xffff) + i));

		CHECK(get(x, data, other, sizeof(value), &value) == -ENOENT, i);
		CHECK(pktmeta_xsk_is_set(x, data, other) == -ENOENT, i);
	}
	for (slot = 0; slot < 0x100; slot++) {
		__u32 other = (id & 0xffffff00) | slot;

		if (other == id)
			continue;
		CHECK(get(x, data, other, sizeof(value), &value) == -ENOENT, slot);
		CHECK(get(x, data, slot, 4, &value) == -ENOENT, slot);
		CHECK(get(x, data, slot << 24 | 0xffffff, 0, &value) == -ENOENT, slot);
	}
}

static void check_generations(const struct pktmeta_xsk *x, unsigned char *data, __u32 id, long field_age)
{
	long age;

	for (age = -70000; age < 140000; age++) {
		int is_good = age >= 0 && age <= field_age && age < PKTMETA_GENERATIONS;
		__u64 value;
		int err;

		make_area(x, data, id, age);
		err = get(x, data, id, sizeof(value), &value);
		CHECK(is_good ? !err && value == NUMBER : err == -EFAULT, age);
		CHECK(pktmeta_xsk_is_set(x, data, id) == (is_good ? 1 : -EFAULT), age);
	}
}

int main(int argc, char **argv)
{
	unsigned char *memory = make_memory();
	struct pktmeta_xsk x = {0};
	int err = argc == 4 ? pktmeta_xsk_open(&x, argv[1]) : -EINVAL;
	__u32 id;

	if (err) {
		printf("%s\n", strerror(-err));
		return 2;
	}
	id = pktmeta_xsk_id(&x, argv[2]);
	CHECK(id, 0);
	CHECK(!pktmeta_xsk_id(&x, "nosuch") && !pktmeta_xsk_id(&x, ""), 0);
	check_places(&x, memory, id);
	check_sizes_and_ids(&x, memory + x.capacity, id);
	check_generations(&x, memory + x.capacity, id, atol(argv[3]));
	pktmeta_xsk_close(&x);
	printf("%ld checks, %ld failures\n", checks, failures);
	return failures != 0;
}
