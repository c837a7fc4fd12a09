/* The shared memory by which workers tell the master what they are doing. */
#define _GNU_SOURCE
#include "http/pool_slot.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

/* Of the master: one process, one pool; workers inherit it. */
static struct {
	const struct slot *slots;
	size_t count;
	struct slot *own; /* of a worker */
} all;

static const char *const names[] = { "idle", "receiving", "working", "sending" };

int
slot_map(size_t count, struct slot **out, struct error *err)
{
	void *memory = mmap(NULL, count * sizeof(struct slot), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return error_set(err, ERR_INTERNAL, "mmap: %s", strerror(errno));
	*out = memory;
	all.slots = memory;
	all.count = count;
	return 0;
}

void
slot_reset(struct slot *slot)
{
	atomic_store(&slot->state, SLOT_IDLE);
	atomic_store(&slot->wishes, 0);
	atomic_store(&slot->is_sending_file, 0);
	atomic_store(&slot->is_taken, 1);
}

void
slot_end(struct slot *slot)
{
	atomic_store(&slot->is_taken, 0);
}

void
slot_own(struct slot *slot)
{
	all.own = slot;
}

/* Claimed before it is counted: of two at once both may be refused, but never one too many sends.
 */
bool
slot_claim_file(void)
{
	unsigned workers = 0, senders = 0;

	if (all.own == NULL)
		return true;
	atomic_store(&all.own->is_sending_file, 1);
	for (size_t i = 0; i < all.count; i++)
		if (atomic_load(&all.slots[i].is_taken) != 0) {
			workers++;
			senders += atomic_load(&all.slots[i].is_sending_file) != 0;
		}
	if (workers < 2 || 2 * senders <= workers)
		return true;
	slot_release_file();
	return false;
}

void
slot_release_file(void)
{
	if (all.own != NULL)
		atomic_store(&all.own->is_sending_file, 0);
}

void
slot_count(unsigned counts[static SLOT_STATES])
{
	for (unsigned i = 0; i < SLOT_STATES; i++)
		counts[i] = 0;
	if (all.slots == NULL)
		counts[SLOT_WORKING] = 1;
	for (size_t i = 0; i < all.count; i++)
		if (atomic_load(&all.slots[i].is_taken) != 0)
			counts[atomic_load(&all.slots[i].state) & 3]++;
}

/* The clock before the state: the master must never see a new state with an old clock. */
void
slot_mark(struct slot *slot, enum slot_state state)
{
	if (state == SLOT_RECEIVING || state == SLOT_SENDING)
		atomic_store(&slot->since_ms, clock_monotonic_ms());
	atomic_store(&slot->state, (int)state);
}

int64_t
slot_busy_ms(const struct slot *slot, int64_t now_ms)
{
	if (atomic_load(&slot->state) == SLOT_IDLE)
		return 0;
	return now_ms - atomic_load(&slot->since_ms);
}

const char *
slot_state_text(enum slot_state state)
{
	return names[state & 3];
}

const char *
slot_state_name(const struct slot *slot)
{
	return slot_state_text((enum slot_state)atomic_load(&slot->state));
}
