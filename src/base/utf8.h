#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/bytes.h"

/* How many characters a text has; it is taken to be well-formed. */
size_t utf8_count(struct bytes text);

/* The front of a text, at most that many characters or octets, and never half a character. */
struct bytes utf8_cut(struct bytes text, size_t max_characters);
struct bytes utf8_cut_octets(struct bytes text, size_t max_octets);

#endif
