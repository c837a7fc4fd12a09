/* Where a search goes on, as opaque text: base64url of version, plan, conditions, id, tie, key. */
#include "store/search_token.h"

#include <string.h>

#include "base/enc.h"
#include "store/search_value.h"

enum {
	TOKEN_VERSION = 1,
	HASH_SIZE = 8,
	HEAD_SIZE = 2 + HASH_SIZE + 2 * UUID_SIZE,
	TIME_SIZE = 8,
	BLOB_MAX = 32,
	RAW_MAX = HEAD_SIZE + SEARCH_POSITION_KEY_MAX
};

/* FNV-1a: it tells searches apart and guards nothing, since a token only says where to go on. */
static void
hash_octet(uint64_t *hash, uint8_t octet)
{
	*hash = (*hash ^ octet) * UINT64_C(1099511628211);
}

static void
hash_text(uint64_t *hash, const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		hash_octet(hash, (uint8_t)*text);
	hash_octet(hash, 0);
}

static uint64_t
hash_search(const struct certificates_search *search)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < search->condition_count; i++) {
		const struct search_condition *condition = &search->conditions[i];

		hash_octet(&hash, (uint8_t)condition->field);
		hash_octet(&hash, (uint8_t)condition->op);
		hash_octet(&hash, (uint8_t)condition->value_count);
		hash_text(&hash, condition->attribute);
		for (size_t j = 0; j < condition->value_count; j++)
			hash_text(&hash, condition->values[j]);
	}
	return hash;
}

static void
add_number(struct buf *raw, uint64_t number)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		buf_add_byte(raw, (uint8_t)(number >> shift));
}

static uint64_t
read_number(const uint8_t *at)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | at[i];
	return number;
}

int
search_token_write(const struct certificates_search *search, const struct search_choice *choice,
    const struct search_position *position, char out[static SEARCH_TOKEN_MAX], struct error *err)
{
	cleanup(buf_release) struct buf raw = BUF_INIT(RAW_MAX);
	cleanup(buf_release) struct buf text = BUF_INIT(SEARCH_TOKEN_MAX - 1);

	buf_add_byte(&raw, TOKEN_VERSION);
	buf_add_byte(&raw, (uint8_t)choice->number);
	add_number(&raw, hash_search(search));
	buf_add(&raw, bytes_of(position->id.octets, UUID_SIZE));
	buf_add(&raw, bytes_of(position->tie, UUID_SIZE));
	if (choice->plan->kind == SEARCH_KEY_TIME)
		add_number(&raw, (uint64_t)position->time);
	else
		buf_add(&raw, bytes_of(position->key, position->key_len));
	base64url_encode(buf_bytes(&raw), &text);
	if (buf_failed(&raw) || buf_failed(&text))
		return error_set(err, ERR_INTERNAL, "a token of %zu octets", raw.len);
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return 0;
}

static bool
read_key(enum search_key kind, struct bytes key, struct search_position *out)
{
	switch (kind) {
	case SEARCH_KEY_NONE:
		return key.len == 0;
	case SEARCH_KEY_TIME:
		if (key.len != TIME_SIZE)
			return false;
		out->time = (int64_t)read_number(key.ptr);
		/* The years that a DATETIME can have. */
		return out->time >= SEARCH_VALUE_FIRST && out->time <= SEARCH_VALUE_LAST;
	case SEARCH_KEY_BLOB:
		if (key.len == 0 || key.len > BLOB_MAX)
			return false;
		break;
	case SEARCH_KEY_TEXT:
		if (!search_value_is_utf8(key))
			return false;
		break;
	}
	if (key.len > 0)
		memcpy(out->key, key.ptr, key.len);
	out->key_len = key.len;
	return true;
}

int
search_token_read(const struct certificates_search *search, const struct search_choice *choice,
    struct search_position *out, struct error *err)
{
	cleanup(buf_release) struct buf raw = BUF_INIT(RAW_MAX);
	struct error ignored = { .code = ERR_NONE };
	struct search_position position = { .is_set = true };

	if (base64url_decode(bytes_text(search->token), &raw, &ignored) < 0 || buf_failed(&raw) ||
	    raw.len < HEAD_SIZE || raw.data[0] != TOKEN_VERSION)
		return error_set(err, ERR_BAD_REQUEST, "the continuation token is malformed");
	if (raw.data[1] != choice->number || read_number(raw.data + 2) != hash_search(search))
		return error_set(
		    err, ERR_BAD_REQUEST, "the continuation token is of another search");
	memcpy(position.id.octets, raw.data + 2 + HASH_SIZE, UUID_SIZE);
	memcpy(position.tie, raw.data + 2 + HASH_SIZE + UUID_SIZE, UUID_SIZE);
	if (!read_key(
		choice->plan->kind, bytes_of(raw.data + HEAD_SIZE, raw.len - HEAD_SIZE), &position))
		return error_set(err, ERR_BAD_REQUEST, "the continuation token is malformed");
	*out = position;
	return 0;
}
