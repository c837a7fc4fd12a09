#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* One name=value of a line; values may be hostile, they are escaped on the way out. */
struct log_field {
	const char *name;
	struct bytes text;
	int64_t number;
	bool is_number;
};

struct log_field log_text(const char *name, const char *value); /* NULL: left out */
struct log_field log_bytes(const char *name, struct bytes value);
struct log_field log_number(const char *name, int64_t value);

/*
 * Writes one line: ts= level= event= [req=] and the fields. Never blocks a
 * request for long and never fails the caller; lines are bounded (4 KiB).
 * Use: log_event(LOG_LEVEL_INFO, "issued", log_text("serial", hex), log_number("ms", 3));
 */
#define log_event(level, event, ...) \
	log_write(level, event, (const struct log_field[]){ __VA_ARGS__ }, \
	    sizeof((const struct log_field[]){ __VA_ARGS__ }) / sizeof(struct log_field))
void log_write(
    enum log_level level, const char *event, const struct log_field *fields, size_t count);

/* The id that following lines carry as req=; NULL ends that. Borrowed. */
void log_set_request(const char *id);

/* target: "stderr", "syslog" or "file:/PATH"; level: a name of enum log_level in lower case. */
int log_open(const char *target, const char *level, struct error *err);

/* Opens the file again by its name (after rotation); keeps the old one when that fails. */
void log_reopen(void);

#endif
