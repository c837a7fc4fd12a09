#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <stdbool.h>

#include "base/settings.h"
#include "http/request.h"

/* Whether the text is an address inside an item (ADDRESS or ADDRESS/BITS) of the list. */
bool address_is_listed(const char *text, const struct text_list *list);

/*
 * The client's address behind trusted proxies: the last address of an
 * X-Forwarded-For value that is not itself trusted. false, *out untouched, when an
 * address on the way there cannot be read or the value has none.
 */
bool address_forwarded(
    const char *forwarded, const struct text_list *trusted, char out[static REQUEST_ADDRESS_MAX]);

#endif
