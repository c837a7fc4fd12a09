/* Counters in memory that many processes see: where they are, adding to them, their sums. */
#define _GNU_SOURCE
#include "base/counter.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/counter_file.h"
#include "base/counter_table.h"

enum { LINE = 64, CELLS_A_LINE = LINE / (int)sizeof(uint64_t) };

_Static_assert(ATOMIC_LLONG_LOCK_FREE > 0, "a lock of one process would not bind another");

static const uint64_t MAGIC = UINT64_C(0x63772d636f756e74); /* "cw-count" */

static const int64_t bounds_us[COUNTER_BOUNDS] = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000,
	50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 30000000 };

/* What all processes see: a head on a cache line of its own, then the slots. */
struct memory {
	_Alignas(LINE) struct counter_file_head head;
	_Alignas(LINE) _Atomic uint64_t cells[];
};

/* Where a family's cells begin within a slot, and how many a slot has, whole cache lines. */
struct layout {
	size_t first[COUNTER_FAMILIES];
	size_t cells;
};

/* One process, one memory: set before the fork, then inherited. */
static struct {
	struct layout layout;
	struct memory *memory;
	size_t size;
	_Atomic uint64_t *slot; /* of this process; NULL: nothing is counted */
} state;

static unsigned
values_of(const struct counter_label *label)
{
	return label->name != NULL ? label->count : 1;
}

/* A histogram has its sum behind its buckets. */
static size_t
cells_a_series(const struct counter_family *family)
{
	return family->kind == COUNTER_HISTOGRAM ? COUNTER_BUCKETS + 1 : 1;
}

static struct layout
lay_out(void)
{
	struct layout layout = { .cells = 0 };

	for (unsigned i = 0; i < COUNTER_FAMILIES; i++) {
		const struct counter_family *family = &counter_table[i];

		layout.first[i] = layout.cells;
		layout.cells += (size_t)values_of(&family->labels[0]) *
				values_of(&family->labels[1]) * cells_a_series(family);
	}
	layout.cells = (layout.cells + CELLS_A_LINE - 1) / CELLS_A_LINE * CELLS_A_LINE;
	return layout;
}

/* FNV-1a, the 64-bit one; not against forgers, who could write the numbers themselves. */
static uint64_t
hash(uint64_t seed, const void *data, size_t len)
{
	const uint8_t *octets = data;

	for (size_t i = 0; i < len; i++)
		seed = (seed ^ octets[i]) * UINT64_C(0x100000001b3);
	return seed;
}

static uint64_t
hash_label(uint64_t seed, const struct counter_label *label)
{
	if (label->name == NULL)
		return hash(seed, "", 1);
	seed = hash(seed, label->name, strlen(label->name) + 1);
	for (unsigned i = 0; i < label->count; i++)
		seed = hash(seed, label->values[i], strlen(label->values[i]) + 1);
	return seed;
}

/* Whatever gives a number its meaning; the words of the help may change. */
static uint64_t
hash_layout(void)
{
	const uint64_t slots = COUNTER_SLOTS;
	uint64_t seed = hash(UINT64_C(0xcbf29ce484222325), &slots, sizeof(slots));

	for (unsigned i = 0; i < COUNTER_FAMILIES; i++) {
		const struct counter_family *family = &counter_table[i];

		seed = hash(seed, family->name, strlen(family->name) + 1);
		seed = hash(seed, &family->kind, sizeof(family->kind));
		seed = hash_label(seed, &family->labels[0]);
		seed = hash_label(seed, &family->labels[1]);
	}
	return hash(seed, bounds_us, sizeof(bounds_us));
}

static struct counter_file_want
describe(void)
{
	state.layout = lay_out();
	return (struct counter_file_want){
		.head = { .magic = MAGIC, .layout = hash_layout(), .since = clock_now() },
		.size =
		    sizeof(struct memory) + COUNTER_SLOTS * state.layout.cells * sizeof(uint64_t),
	};
}

static void
adopt(void *memory, size_t size, size_t slot)
{
	counter_close();
	state.memory = memory;
	state.size = size;
	counter_use_slot(slot);
}

int
counter_share(struct error *err)
{
	const struct counter_file_want want = describe();
	void *memory =
	    mmap(NULL, want.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return error_set(err, ERR_INTERNAL, "mmap: %s", strerror(errno));
	adopt(memory, want.size, COUNTER_SLOT_MASTER);
	state.memory->head = want.head;
	return 0;
}

int
counter_share_file(const char *folder, struct error *err)
{
	const struct counter_file_want want = describe();
	void *memory = NULL;

	if (counter_file_map(folder, &want, &memory, err) < 0)
		return -1;
	adopt(memory, want.size, COUNTER_SLOT_MASTER);
	return 0;
}

void
counter_close(void)
{
	if (state.memory != NULL)
		(void)munmap(state.memory, state.size);
	state.memory = NULL;
	state.slot = NULL;
}

void
counter_use_slot(size_t slot)
{
	if (state.memory != NULL)
		state.slot = &state.memory->cells[slot % COUNTER_SLOTS * state.layout.cells];
}

void
counter_use_worker_slot(size_t worker)
{
	counter_use_slot(
	    COUNTER_SLOT_WORKERS + worker % (size_t)(COUNTER_SLOTS - COUNTER_SLOT_WORKERS));
}

static unsigned
place(const struct counter_label *label, unsigned at)
{
	unsigned count = values_of(label);

	return at < count ? at : count - 1;
}

static size_t
find_series(enum counter_id id, unsigned first, unsigned second)
{
	const struct counter_family *family = &counter_table[id];
	size_t series = (size_t)place(&family->labels[0], first) * values_of(&family->labels[1]) +
			place(&family->labels[1], second);

	return state.layout.first[id] + series * cells_a_series(family);
}

static void
add(size_t at, uint64_t n)
{
	(void)atomic_fetch_add_explicit(&state.slot[at], n, memory_order_relaxed);
}

void
counter_add(enum counter_id id, unsigned first, unsigned second, uint64_t n)
{
	if (state.slot != NULL)
		add(find_series(id, first, second), n);
}

static unsigned
find_value(const struct counter_label *label, const char *value)
{
	unsigned at = 0;

	if (label->name == NULL || value == NULL)
		return UINT32_MAX;
	while (at < label->count && strcmp(label->values[at], value) != 0)
		at++;
	return at;
}

void
counter_add_text(enum counter_id id, const char *first, const char *second, uint64_t n)
{
	const struct counter_family *family = &counter_table[id];

	if (state.slot != NULL)
		counter_add(id, find_value(&family->labels[0], first),
		    find_value(&family->labels[1], second), n);
}

void
counter_observe(enum counter_id id, unsigned first, int64_t microseconds)
{
	unsigned bucket = 0;
	size_t at;

	if (state.slot == NULL || counter_table[id].kind != COUNTER_HISTOGRAM)
		return;
	while (bucket < COUNTER_BOUNDS && microseconds > bounds_us[bucket])
		bucket++;
	at = find_series(id, first, 0);
	add(at + bucket, 1);
	add(at + COUNTER_BUCKETS, microseconds > 0 ? (uint64_t)microseconds : 0);
}

const struct counter_family *
counter_family_of(enum counter_id id)
{
	return &counter_table[id];
}

int64_t
counter_bound_us(unsigned bucket)
{
	return bucket < COUNTER_BOUNDS ? bounds_us[bucket] : INT64_MAX;
}

static uint64_t
sum(size_t at)
{
	uint64_t total = 0;

	for (size_t slot = 0; state.memory != NULL && slot < COUNTER_SLOTS; slot++)
		total += atomic_load_explicit(
		    &state.memory->cells[slot * state.layout.cells + at], memory_order_relaxed);
	return total;
}

uint64_t
counter_total(enum counter_id id, unsigned first, unsigned second)
{
	return sum(find_series(id, first, second));
}

void
counter_histogram_total(enum counter_id id, unsigned first, struct counter_histogram *out)
{
	size_t at = find_series(id, first, 0);

	for (unsigned i = 0; i < COUNTER_BUCKETS; i++)
		out->buckets[i] = sum(at + i);
	out->sum_us = sum(at + COUNTER_BUCKETS);
}

int64_t
counter_since(void)
{
	return state.memory != NULL ? state.memory->head.since : 0;
}
