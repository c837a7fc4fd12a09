/* Writes Prometheus' text format, and escapes what stands in it. */
#include "api/status/metrics_text.h"

#include <inttypes.h>
#include <string.h>

/* Whatever a label's value holds, it ends neither the value nor the line. */
static void
add_escaped(struct buf *out, const char *text, bool is_quoted)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buf_add_text(out, "\\n");
		else if (*text == '\\' || (*text == '"' && is_quoted)) {
			buf_add_byte(out, '\\');
			buf_add_byte(out, (uint8_t)*text);
		} else
			buf_add_byte(out, (uint8_t)*text);
	}
}

void
metrics_text_head(struct buf *out, const char *name, const char *help, const char *type)
{
	buf_printf(out, "# HELP %s ", name);
	add_escaped(out, help, false);
	buf_printf(out, "\n# TYPE %s %s\n", name, type);
}

static void
add_series(struct buf *out, const struct metrics_text_series *series)
{
	size_t count = 0;

	buf_add_text(out, series->name);
	buf_add_text(out, series->suffix != NULL ? series->suffix : "");
	for (; count < METRICS_TEXT_LABELS && series->labels[count].name != NULL; count++) {
		const char *value = series->labels[count].value;

		buf_printf(out, "%s%s=\"", count == 0 ? "{" : ",", series->labels[count].name);
		add_escaped(out, value != NULL ? value : "", true);
		buf_add_byte(out, '"');
	}
	buf_add_text(out, count > 0 ? "} " : " ");
}

void
metrics_text_number(struct buf *out, const struct metrics_text_series *series, int64_t value)
{
	add_series(out, series);
	buf_printf(out, "%" PRId64 "\n", value);
}

void
metrics_text_seconds(
    struct buf *out, const struct metrics_text_series *series, uint64_t microseconds)
{
	add_series(out, series);
	buf_printf(
	    out, "%" PRIu64 ".%06" PRIu64 "\n", microseconds / 1000000, microseconds % 1000000);
}
