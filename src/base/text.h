#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

/* A list of texts of its own; never NULL items. {0} is an empty one. */
struct text_list {
	char **items;
	size_t count;
};

/* Puts a copy of the bytes with a NUL behind into *to, in place of what was there (or NULL). */
int text_set(char **to, struct bytes from, struct error *err);

/* Frees the text at *to, wiping it first; *to is NULL then. */
void text_release(char **to);

/* Appends a copy. */
int text_list_add(struct text_list *list, struct bytes from, struct error *err);
void text_list_release(struct text_list *list);

#endif
