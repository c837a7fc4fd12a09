#ifndef API_STATUS_METRICS_TEXT_H
#define API_STATUS_METRICS_TEXT_H

#include "base/buf.h"

/* Prometheus' text format 0.0.4, line by line. */

enum { METRICS_TEXT_LABELS = 3 };

/* What stands in front of a sample's value; borrowed. Labels up to the first without a name. */
struct metrics_text_series {
	const char *name;
	const char *suffix; /* NULL: none */
	struct {
		const char *name;
		const char *value; /* any octets; NULL is "" */
	} labels[METRICS_TEXT_LABELS];
};

/* The two lines in front of a family's samples. type: counter, gauge or histogram. */
void metrics_text_head(struct buf *out, const char *name, const char *help, const char *type);

/* One sample: a whole number, or microseconds written as seconds. */
void metrics_text_number(struct buf *out, const struct metrics_text_series *series, int64_t value);
void metrics_text_seconds(
    struct buf *out, const struct metrics_text_series *series, uint64_t microseconds);

#endif
