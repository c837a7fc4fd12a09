/* The counters of base/counter as text. */
#include "api/status/metrics_counters.h"

#include <inttypes.h>
#include <stdio.h>

#include "api/status/metrics_text.h"
#include "base/counter.h"

enum { BOUND_MAX = 32 };

static const char *
value_of(const struct counter_label *label, unsigned at)
{
	return label->name != NULL ? label->values[at] : NULL;
}

static unsigned
count_of(const struct counter_label *label)
{
	return label->name != NULL ? label->count : 1;
}

static void
write_sample(struct buf *out, enum counter_id id, unsigned first, unsigned second)
{
	const struct counter_family *family = counter_family_of(id);
	const struct counter_label *labels = family->labels;
	const struct metrics_text_series series = {
		.name = family->name,
		.labels = { { labels[0].name, value_of(&labels[0], first) },
		    { labels[1].name, value_of(&labels[1], second) } },
	};
	uint64_t total = counter_total(id, first, second);

	if (family->kind == COUNTER_SECONDS)
		metrics_text_seconds(out, &series, total);
	else
		metrics_text_number(out, &series, (int64_t)total);
}

/* "0.0025": without the zeros behind, as others write bounds. */
static void
bound_text(unsigned bucket, char out[static BOUND_MAX])
{
	if (bucket < COUNTER_BOUNDS)
		(void)snprintf(out, BOUND_MAX, "%g", (double)counter_bound_us(bucket) / 1e6);
	else
		(void)snprintf(out, BOUND_MAX, "+Inf");
}

/* Each bucket holds those before it too. */
static void
write_histogram(struct buf *out, enum counter_id id, unsigned first)
{
	const struct counter_family *family = counter_family_of(id);
	struct metrics_text_series series = {
		.name = family->name,
		.suffix = "_bucket",
		.labels = { { family->labels[0].name, value_of(&family->labels[0], first) } },
	};
	struct counter_histogram totals;
	uint64_t below = 0;

	counter_histogram_total(id, first, &totals);
	for (unsigned i = 0; i < COUNTER_BUCKETS; i++) {
		char bound[BOUND_MAX];

		bound_text(i, bound);
		series.labels[1].name = "le";
		series.labels[1].value = bound;
		below += totals.buckets[i];
		metrics_text_number(out, &series, (int64_t)below);
	}
	series.labels[1].name = NULL;
	series.suffix = "_sum";
	metrics_text_seconds(out, &series, totals.sum_us);
	series.suffix = "_count";
	metrics_text_number(out, &series, (int64_t)below);
}

static void
write_family(struct buf *out, enum counter_id id)
{
	const struct counter_family *family = counter_family_of(id);
	bool is_histogram = family->kind == COUNTER_HISTOGRAM;

	metrics_text_head(out, family->name, family->help, is_histogram ? "histogram" : "counter");
	for (unsigned i = 0; i < count_of(&family->labels[0]); i++) {
		if (is_histogram)
			write_histogram(out, id, i);
		for (unsigned j = 0; !is_histogram && j < count_of(&family->labels[1]); j++)
			write_sample(out, id, i, j);
	}
}

void
metrics_counters_write(struct buf *out)
{
	if (counter_since() == 0)
		return;
	for (unsigned id = 0; id < COUNTER_FAMILIES; id++)
		write_family(out, (enum counter_id)id);
}
