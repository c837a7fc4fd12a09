#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/bytes.h"

/*
 * A growing buffer that is born with its maximum. Appending past the maximum,
 * or without memory, marks it failed and keeps what it had: append freely,
 * ask buf_failed() once at the end.
 */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

#define BUF_INIT(limit) \
	{ \
		.data = NULL, .len = 0, .cap = 0, .max = (limit), .failed = false \
	}

/* Wipes and frees the contents; the buffer is empty again and keeps its maximum. */
void buf_release(struct buf *buf);

/* Empties the buffer and clears the failure; keeps the memory. */
void buf_reset(struct buf *buf);

void buf_add(struct buf *buf, struct bytes bytes);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_byte(struct buf *buf, uint8_t byte);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool buf_failed(const struct buf *buf);

/* What was written so far, borrowed until the next change. */
struct bytes buf_bytes(const struct buf *buf);

/* The contents as NUL-terminated text, borrowed until the next change; "" when it failed. */
const char *buf_text(struct buf *buf);

/* Moves the contents from *from to *to, whose old contents are released; *from is empty then. */
void buf_move(struct buf *to, struct buf *from);

#endif
