/* A bounded growing buffer with a sticky failure. */
#define _GNU_SOURCE
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void
buf_release(struct buf *buf)
{
	if (buf->data != NULL)
		explicit_bzero(buf->data, buf->cap);
	free(buf->data);
	*buf = (struct buf)BUF_INIT(buf->max);
}

void
buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

/* realloc could leave an unwiped copy of a secret behind, so the move is by hand. */
static bool
buf_grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap > 0 ? buf->cap : FIRST_CAPACITY;
	uint8_t *data;

	while (cap < need)
		cap *= 2;
	data = malloc(cap);
	if (data == NULL)
		return false;
	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->len);
		explicit_bzero(buf->data, buf->cap);
		free(buf->data);
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

/* Makes room for len bytes and a NUL behind them; false marks the failure. */
static bool
buf_reserve(struct buf *buf, size_t len)
{
	if (buf->failed)
		return false;
	if (len > buf->max || buf->len > buf->max - len ||
	    (buf->len + len + 1 > buf->cap && !buf_grow(buf, buf->len + len + 1)))
		buf->failed = true;
	return !buf->failed;
}

void
buf_add(struct buf *buf, struct bytes bytes)
{
	if (bytes.len == 0 || !buf_reserve(buf, bytes.len))
		return;
	memcpy(buf->data + buf->len, bytes.ptr, bytes.len);
	buf->len += bytes.len;
}

void
buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, bytes_text(text));
}

void
buf_add_byte(struct buf *buf, uint8_t byte)
{
	buf_add(buf, bytes_of(&byte, 1));
}

void
buf_printf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		buf->failed = true;
	else if (buf_reserve(buf, (size_t)len)) {
		(void)vsnprintf((char *)buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

bool
buf_failed(const struct buf *buf)
{
	return buf->failed;
}

struct bytes
buf_bytes(const struct buf *buf)
{
	return bytes_of(buf->data, buf->len);
}

const char *
buf_text(struct buf *buf)
{
	if (buf->failed || !buf_reserve(buf, 0) || buf->data == NULL)
		return "";
	buf->data[buf->len] = '\0';
	return (const char *)buf->data;
}

void
buf_move(struct buf *to, struct buf *from)
{
	buf_release(to);
	*to = *from;
	*from = (struct buf)BUF_INIT(from->max);
}
