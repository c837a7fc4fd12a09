/* Where keyrings come from: their file, which is read here, and gets a new key in front. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/fd.h"
#include "base/random.h"
#include "crypto/key_internal.h"
#include "crypto/keyring_internal.h"

static const char HEADING[] =
    "# Keys of certwright that seal secrets in the database; see "
    "certwright.conf(5), KeyringFile.\n"
    "# The first key seals, all open. Keep a copy: without it the secrets "
    "are lost.\n";

struct keyring *
keyring_unusable(const char *reason)
{
	struct keyring *keyring = keyring_new();

	if (keyring != NULL)
		(void)snprintf(keyring->reason, sizeof(keyring->reason), "%s", reason);
	return keyring;
}

/* The line at *offset, without its newline; false at the end. *offset moves on. */
static bool
next_line(struct bytes text, size_t *offset, struct bytes *line)
{
	size_t start = *offset, end = start;

	if (start >= text.len)
		return false;
	while (end < text.len && text.ptr[end] != '\n')
		end++;
	*line = bytes_of(text.ptr + start, end - start);
	*offset = end < text.len ? end + 1 : end;
	return true;
}

/* Neither empty nor a comment. */
static bool
is_key_line(struct bytes line)
{
	return line.len > 0 && line.ptr[0] != '#';
}

/* KEY-ID, one space, KEY. What stands there is not quoted: it may be a key. */
static int
parse_line(struct bytes line, struct ring_key *out, struct error *err)
{
	enum { ID_DIGITS = KEYRING_ID_TEXT - 1 };
	cleanup(buf_release) struct buf id = BUF_INIT(KEYRING_ID_SIZE);
	cleanup(buf_release) struct buf key = BUF_INIT(KEYRING_KEY_SIZE);
	struct error ignored = { .code = ERR_NONE };

	if (line.len <= ID_DIGITS || line.ptr[ID_DIGITS] != ' ' ||
	    hex_decode(bytes_of(line.ptr, ID_DIGITS), &id, &ignored) < 0)
		return error_set(err, ERR_CONFIG,
		    "expected a key id of %d hexadecimal digits, a space and the key", ID_DIGITS);
	if (base64_decode(
		bytes_of(line.ptr + ID_DIGITS + 1, line.len - ID_DIGITS - 1), &key, &ignored) < 0 ||
	    buf_failed(&key) || key.len != KEYRING_KEY_SIZE)
		return error_set(
		    err, ERR_CONFIG, "the key must be %d octets in base64", KEYRING_KEY_SIZE);
	memcpy(out->key, key.data, KEYRING_KEY_SIZE);
	if (keyring_key_id(out->key, out->id, err) < 0)
		return -1;
	keyring_id_text(out->id, out->text);
	if (memcmp(id.data, out->id, KEYRING_ID_SIZE) != 0)
		return error_set(err, ERR_CONFIG, "the key id is not that of the key");
	return 0;
}

static int
add_line(struct keyring *keyring, struct bytes line, struct error *err)
{
	struct ring_key *next;

	if (keyring->count == KEYRING_KEYS_MAX)
		return error_set(err, ERR_CONFIG, "more than %d keys", KEYRING_KEYS_MAX);
	next = &keyring->keys[keyring->count];
	if (parse_line(line, next, err) < 0)
		return -1;
	if (keyring_find(keyring, next->id) != NULL)
		return error_set(err, ERR_CONFIG, "the key %s is there twice", next->text);
	keyring->count++;
	return 0;
}

int
keyring_parse(struct bytes text, struct keyring **out, struct error *err)
{
	cleanup(keyring_freep) struct keyring *keyring = keyring_new();
	struct bytes line;
	size_t offset = 0;

	if (keyring == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	for (unsigned number = 1; next_line(text, &offset, &line); number++)
		if (is_key_line(line) && add_line(keyring, line, err) < 0)
			return error_prefix(err, "line %u", number);
	if (keyring->count == 0)
		return error_set(err, ERR_CONFIG, "there is no key in it");
	*out = take(keyring);
	return 0;
}

int
keyring_open(const char *path, struct keyring **out, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KEYRING_FILE_MAX);

	if (key_file_read(path, &text, err) == 0 && keyring_parse(buf_bytes(&text), out, err) == 0)
		return 0;
	err->code = ERR_CONFIG;
	return error_prefix(err, "KeyringFile %s", path);
}

/* A new key as a line; its id goes to *out. */
static int
add_new_line(struct buf *text, struct keyring_added *out, struct error *err)
{
	uint8_t key[KEYRING_KEY_SIZE], id[KEYRING_ID_SIZE];

	random_bytes(key, sizeof(key));
	if (keyring_key_id(key, id, err) < 0)
		return -1;
	keyring_id_text(id, out->id);
	buf_printf(text, "%s ", out->id);
	base64_encode(bytes_of(key, sizeof(key)), text);
	buf_add_byte(text, '\n');
	explicit_bzero(key, sizeof(key));
	return 0;
}

/* Where the first key's line begins: comments before it stay above the new key. */
static size_t
first_key(struct bytes text)
{
	size_t start = 0, next = 0;
	struct bytes line;

	while (next_line(text, &next, &line) && !is_key_line(line))
		start = next;
	return start;
}

/* The new text of the file: `old` is its present one, or empty. */
static int
compose(struct bytes old, struct buf *text, struct keyring_added *out, struct error *err)
{
	cleanup(keyring_freep) struct keyring *keyring = NULL;
	size_t start = first_key(old);

	if (old.len == 0)
		buf_add_text(text, HEADING);
	buf_add(text, bytes_of(old.ptr, start));
	if (add_new_line(text, out, err) < 0)
		return -1;
	if (start < old.len)
		buf_add(text, bytes_of(old.ptr + start, old.len - start));
	if (buf_failed(text))
		return error_set(err, ERR_CONFIG, "larger than %d octets", KEYRING_FILE_MAX);
	if (keyring_parse(buf_bytes(text), &keyring, err) < 0)
		return -1;
	out->count = keyring_count(keyring);
	return 0;
}

/* What the file holds now; an absent one gives nothing and no owner. */
static int
read_old(const char *path, struct buf *old, struct stat *owner, struct error *err)
{
	cleanup(keyring_freep) struct keyring *keyring = NULL;

	owner->st_uid = geteuid();
	owner->st_gid = getegid();
	if (lstat(path, owner) < 0 && errno == ENOENT)
		return 0;
	if (key_file_read(path, old, err) < 0)
		return -1;
	return keyring_parse(buf_bytes(old), &keyring, err);
}

/* Whether the path still names the open file. */
static bool
is_still(const char *path, int fd)
{
	struct stat there, here;

	return lstat(path, &there) == 0 && fstat(fd, &here) == 0 && there.st_ino == here.st_ino &&
	       there.st_dev == here.st_dev;
}

/*
 * The new file under its temporary name, locked: there is one writer at a time, and what a killed
 * one left is written over. Another may have renamed the file between the two calls.
 */
static int
open_new(const char *path, int *fd, struct error *err)
{
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (*fd < 0)
		return error_set(err, ERR_CA_KEY, "%s: %s", path, strerror(errno));
	if (key_file_check(*fd, err) < 0)
		return error_prefix(err, "%s", path);
	if (flock(*fd, LOCK_EX | LOCK_NB) < 0 || !is_still(path, *fd))
		return error_set(err, ERR_CONFLICT, "another process is changing it");
	if (ftruncate(*fd, 0) < 0)
		return error_set(err, ERR_CA_KEY, "%s: %s", path, strerror(errno));
	return 0;
}

/* Root may add a key to the file of the account that serves, which must still read it then. */
static int
keep_owner(int fd, const struct stat *owner, struct error *err)
{
	struct stat new;

	if (fstat(fd, &new) == 0 && new.st_uid == owner->st_uid)
		return 0;
	if (fchown(fd, owner->st_uid, owner->st_gid) < 0)
		return error_set(err, ERR_CA_KEY, "chown: %s", strerror(errno));
	return 0;
}

static int
replace(const char *path, const char *new_path, struct keyring_added *out, struct error *err)
{
	cleanup(buf_release) struct buf old = BUF_INIT(KEYRING_FILE_MAX);
	cleanup(buf_release) struct buf text = BUF_INIT(KEYRING_FILE_MAX);
	cleanup(fd_close) int fd = -1;
	struct stat owner = { .st_size = 0 };

	if (open_new(new_path, &fd, err) < 0)
		return -1;
	if (read_old(path, &old, &owner, err) < 0 ||
	    compose(buf_bytes(&old), &text, out, err) < 0 || keep_owner(fd, &owner, err) < 0 ||
	    key_file_write(fd, buf_bytes(&text), err) < 0) {
		(void)unlink(new_path);
		return -1;
	}
	if (rename(new_path, path) < 0)
		return error_set(err, ERR_CA_KEY, "rename: %s", strerror(errno));
	return key_file_sync_folder(path, err);
}

int
keyring_add_key(const char *path, struct keyring_added *out, struct error *err)
{
	cleanup(buf_release) struct buf new_path = BUF_INIT(4096);
	struct keyring_added added;

	buf_printf(&new_path, "%s.new", path);
	if (buf_failed(&new_path))
		return error_set(err, ERR_CONFIG, "the path %.60s... is too long", path);
	if (replace(path, buf_text(&new_path), &added, err) < 0) {
		if (!error_is(err, ERR_CONFLICT))
			err->code = ERR_CONFIG;
		return error_prefix(err, "KeyringFile %s", path);
	}
	*out = added;
	return 0;
}
