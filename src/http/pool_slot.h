#ifndef HTTP_POOL_SLOT_H
#define HTTP_POOL_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum slot_state { SLOT_IDLE, SLOT_RECEIVING, SLOT_WORKING, SLOT_SENDING, SLOT_STATES };

/* What one worker tells the master, in memory that both see; a cache line of its own. */
struct slot {
	_Alignas(64) _Atomic int state; /* enum slot_state */
	_Atomic int64_t since_ms;       /* monotonic: the request's start, or the last piece sent */
	_Atomic int is_taken;           /* a worker lives in it */
	_Atomic unsigned wishes;
	_Atomic int is_sending_file; /* a big one */
};

/* Maps count slots of shared memory, all idle. They stay until the process ends. ERR_INTERNAL. */
int slot_map(size_t count, struct slot **out, struct error *err);

/* Starts a new worker's slot. */
void slot_reset(struct slot *slot);

/* Its worker is gone. */
void slot_end(struct slot *slot);

/* Says which slot is this process's own. */
void slot_own(struct slot *slot);

/*
 * Whether this worker may send a big file, which a client takes as slowly as it likes: half of the
 * workers are left to everybody else. Counts until slot_release_file; without a master always true.
 */
bool slot_claim_file(void);
void slot_release_file(void);

/*
 * How many workers are in each state, asked by any process that has inherited the slots. Without a
 * master it is this process alone, which works on what made it ask.
 */
void slot_count(unsigned counts[static SLOT_STATES]);

/*
 * Says what the worker does now. The clock starts with SLOT_RECEIVING, goes on in
 * SLOT_WORKING, and starts again with each call of SLOT_SENDING.
 */
void slot_mark(struct slot *slot, enum slot_state state);

/* Milliseconds of the clock of a slot that is not idle; 0 for one that is. */
int64_t slot_busy_ms(const struct slot *slot, int64_t now_ms);

/* A name for the log, and of each state. */
const char *slot_state_name(const struct slot *slot);
const char *slot_state_text(enum slot_state state);

#endif
