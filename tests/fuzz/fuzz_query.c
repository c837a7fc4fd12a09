/* Query strings: a name, a newline, the query. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/query.h"

enum { TEXT_MAX = 4096, VALUE_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX];
	char value[VALUE_MAX];
	struct error err = { .code = ERR_NONE };
	char *query;

	if (size >= sizeof(text))
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	query = strchr(text, '\n');
	if (query == NULL)
		return 0;
	*query++ = '\0';
	if (query_get(query, text, value, sizeof(value), &err) == 0) {
		if (strlen(value) > strlen(query))
			abort();
	} else if (err.code != ERR_BAD_REQUEST)
		abort();
	return 0;
}
