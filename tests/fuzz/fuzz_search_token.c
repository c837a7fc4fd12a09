/* Continuation tokens of searches: an octet that chooses the plan, the token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/search_token.h"

enum { TEXT_MAX = 4096, PLANS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX], again[SEARCH_TOKEN_MAX];
	struct certificates_search search = { .token = text };
	struct search_choice choice = { .plan = NULL };
	struct search_position position = { .is_set = false };
	struct error err = { .code = ERR_NONE };

	if (size < 1 || size > sizeof(text))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	choice.number = data[0] % PLANS;
	choice.plan = search_plan(choice.number);
	if (search_token_read(&search, &choice, &position, &err) < 0) {
		if (err.code != ERR_BAD_REQUEST || position.is_set)
			abort();
		return 0;
	}
	/* There is one way to write a position. */
	if (search_token_write(&search, &choice, &position, again, &err) < 0 ||
	    strcmp(text, again) != 0)
		abort();
	return 0;
}
