#ifndef BASE_COUNTER_FILE_H
#define BASE_COUNTER_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What the file must begin with, and how long it must be. */
struct counter_file_head {
	uint64_t magic;
	uint64_t layout; /* a hash over the table of counters */
	int64_t since;   /* when the file was made, seconds UTC */
};

struct counter_file_want {
	struct counter_file_head head;
	size_t size;
};

/*
 * Maps the file `counters` of this folder for reading and writing, made whole beforehand under a
 * lock where there is none or it is not as wanted (then zeros follow the head). As
 * counter_share_file says otherwise. The mapping is the caller's. ERR_CONFIG.
 */
int counter_file_map(
    const char *folder, const struct counter_file_want *want, void **out, struct error *err);

#endif
