/* Secrets at rest: each is sealed for the table, column and row where it is kept. */
#include "enroll/secrets/secret.h"

enum { PLACE_MAX = 256 };

static void
add_name(struct buf *out, const char *name)
{
	struct bytes bytes = bytes_text(name);

	buf_add_byte(out, (uint8_t)(bytes.len & 0xff));
	buf_add(out, bytes);
}

/* Each name behind its length, so that no two places are written alike. */
static int
write_place(const struct secret_place *place, struct buf *out, struct error *err)
{
	add_name(out, place->table);
	add_name(out, place->column);
	buf_add(out, bytes_of(place->row->octets, UUID_SIZE));
	if (buf_failed(out))
		return error_set(err, ERR_INTERNAL, "the names of table and column are too long");
	return 0;
}

int
secret_seal(const struct keyring *keyring, const struct secret_place *place, struct bytes plain,
    struct buf *blob, struct error *err)
{
	cleanup(buf_release) struct buf bound = BUF_INIT(PLACE_MAX);

	if (keyring == NULL)
		return error_set(
		    err, ERR_VALIDATION, "secrets cannot be stored: [Keys] KeyringFile is not set");
	if (plain.len > SECRET_MAX)
		return error_set(err, ERR_VALIDATION,
		    "a secret may have at most %d octets, this one has %zu", SECRET_MAX, plain.len);
	if (write_place(place, &bound, err) < 0)
		return -1;
	return keyring_seal(keyring, buf_bytes(&bound), plain, blob, err);
}

int
secret_open(const struct keyring *keyring, const struct secret_place *place, struct bytes blob,
    struct buf *plain, struct error *err)
{
	cleanup(buf_release) struct buf bound = BUF_INIT(PLACE_MAX);

	if (keyring == NULL)
		return error_set(
		    err, ERR_CA_KEY, "secrets cannot be opened: [Keys] KeyringFile is not set");
	if (write_place(place, &bound, err) < 0)
		return -1;
	return keyring_unseal(keyring, buf_bytes(&bound), blob, plain, err);
}

int
secret_prefix(const struct secret_place *place, struct error *err)
{
	char id[UUID_TEXT_MAX];

	uuid_text(place->row, id);
	return error_prefix(err, "%s.%s of %s", place->table, place->column, id);
}
