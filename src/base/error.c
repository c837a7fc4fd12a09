/* The one error object: first error wins, text is bounded. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list args;

	if (err->code != ERR_NONE)
		return -1;
	err->code = code;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

int
error_replace(struct error *err, enum error_code was, enum error_code code, const char *format, ...)
{
	va_list args;

	if (err->code != was)
		return -1;
	*err = (struct error){ .code = code };
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}

int
error_prefix(struct error *err, const char *format, ...)
{
	char prefix[ERROR_TEXT_MAX / 2];
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(prefix, sizeof(prefix), format, args);
	va_end(args);
	memcpy(text, err->text, sizeof(text));
	(void)snprintf(err->text, sizeof(err->text), "%s: %.*s", prefix,
	    (int)(sizeof(err->text) - sizeof(prefix) - 3), text);
	return -1;
}

void
error_clear(struct error *err)
{
	*err = (struct error){ .code = ERR_NONE };
}

bool
error_is(const struct error *err, enum error_code code)
{
	return err->code == code;
}

int
error_forgive(struct error *err, enum error_code code)
{
	if (!error_is(err, code))
		return -1;
	error_clear(err);
	return 0;
}
