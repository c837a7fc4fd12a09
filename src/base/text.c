/* Owned texts and lists of them. */
#define _GNU_SOURCE
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int
text_set(char **to, struct bytes from, struct error *err)
{
	char *text = malloc(from.len + 1);

	if (text == NULL)
		return error_set(err, ERR_INTERNAL, "no memory for a text of %zu bytes", from.len);
	if (from.len > 0)
		memcpy(text, from.ptr, from.len);
	text[from.len] = '\0';
	text_release(to);
	*to = text;
	return 0;
}

void
text_release(char **to)
{
	if (*to != NULL)
		explicit_bzero(*to, strlen(*to));
	free(*to);
	*to = NULL;
}

int
text_list_add(struct text_list *list, struct bytes from, struct error *err)
{
	char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (items == NULL)
		return error_set(err, ERR_INTERNAL, "no memory for a list of %zu", list->count + 1);
	list->items = items;
	list->items[list->count] = NULL;
	if (text_set(&list->items[list->count], from, err) < 0)
		return -1;
	list->count++;
	return 0;
}

void
text_list_release(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		text_release(&list->items[i]);
	free(list->items);
	*list = (struct text_list){ 0 };
}
