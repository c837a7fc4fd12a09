/* Our keys for CAs and for SCEP: where they are made, how they are recorded and opened again. */
#include "enroll/authorities/authority_key.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/db.h"

enum { PUBLIC_KEY_MAX = 2048 };

void
authority_key_release(struct authority_key *key)
{
	managed_key_release(&key->row);
	key_freep(&key->key);
	key->key = NULL;
}

/* A path that means the same to `serve`, which runs in another folder. */
static int
absolute_path(const char *path, char *out, size_t size, struct error *err)
{
	char folder[PATH_MAX] = "";
	int len;

	if (path[0] != '/' && getcwd(folder, sizeof(folder)) == NULL)
		return error_set(
		    err, ERR_CONFIG, "the current folder has no name: %s", strerror(errno));
	len = snprintf(out, size, "%s%s%s", folder, path[0] != '/' ? "/" : "", path);
	if (len < 0 || (size_t)len >= size)
		return error_set(err, ERR_CONFIG, "the path %.60s... is too long", path);
	return 0;
}

/* STATEDIR/keys/LABEL.key; the folder is made where it is missing. */
static int
default_path(
    const struct settings *settings, const char *label, char *out, size_t size, struct error *err)
{
	int len = snprintf(out, size, "%s/keys", settings->server.state_dir);

	if (len < 0 || (size_t)len >= size)
		return error_set(err, ERR_CONFIG, "StateDir is too long");
	if (mkdir(out, 0700) < 0 && errno != EEXIST)
		return error_set(
		    err, ERR_CONFIG, "cannot make the folder %s: %s", out, strerror(errno));
	len = snprintf(out, size, "%s/keys/%s.key", settings->server.state_dir, label);
	if (len < 0 || (size_t)len >= size)
		return error_set(err, ERR_CONFIG, "StateDir is too long");
	return 0;
}

static int
file_uri(const struct settings *settings, const struct authority_key_choice *choice,
    struct managed_key *row, struct error *err)
{
	static const char scheme[] = "file:";
	char *path = row->uri + sizeof(scheme) - 1;
	size_t size = sizeof(row->uri) - (sizeof(scheme) - 1);

	memcpy(row->uri, scheme, sizeof(scheme));
	if (choice->file != NULL)
		return absolute_path(choice->file, path, size, err);
	return default_path(settings, row->name, path, size, err);
}

/* The URI goes into the database and into errors, so it must not hold a PIN (RFC 7512, 7). */
static int
token_uri(const char *uri, struct managed_key *row, struct error *err)
{
	if (strncmp(uri, "pkcs11:", 7) != 0)
		return error_set(err, ERR_CONFIG, "--key-uri: expected a pkcs11: URI");
	if (strstr(uri, "pin-value=") != NULL)
		return error_set(err, ERR_CONFIG,
		    "--key-uri: pin-value would be recorded; put the PIN into a file and give "
		    "--passphrase-file");
	if (strlen(uri) >= sizeof(row->uri))
		return error_set(
		    err, ERR_CONFIG, "--key-uri: longer than %zu characters", sizeof(row->uri) - 1);
	memcpy(row->uri, uri, strlen(uri) + 1);
	return 0;
}

static int
place_key(const struct settings *settings, const struct authority_key_choice *choice,
    struct managed_key *row, struct error *err)
{
	if (choice->file != NULL && choice->uri != NULL)
		return error_set(err, ERR_CONFIG, "--key-file and --key-uri exclude each other");
	if (choice->passphrase_file != NULL &&
	    absolute_path(choice->passphrase_file, row->passphrase_file,
		sizeof(row->passphrase_file), err) < 0)
		return -1;
	return choice->uri != NULL ? token_uri(choice->uri, row, err)
				   : file_uri(settings, choice, row, err);
}

static const char *
passphrase_of(const struct managed_key *row)
{
	return row->passphrase_file[0] != '\0' ? row->passphrase_file : NULL;
}

/* Ed25519 can neither decrypt nor agree on a key, and no SCEP client knows it (RFC 8894). */
static int
check_usages(const struct managed_key *row, struct key_facts facts, struct error *err)
{
	if (facts.type != KEY_ED25519 || !managed_key_is_for(row, "scep"))
		return 0;
	return error_set(err, ERR_CONFIG,
	    "SCEP cannot use an Ed25519 key, which decrypts nothing; take RSA (or P-256 or P-384, "
	    "which Intune does not take)");
}

static int
make_key(const char *type, const struct managed_key *row, struct error *err)
{
	struct key_facts facts;
	struct stat st;

	if (type == NULL)
		return error_set(err, ERR_CONFIG, "the type of the new key is missing (--key)");
	if (key_facts_parse(type, &facts, err) < 0 || check_usages(row, facts, err) < 0)
		return -1;
	if (strncmp(row->uri, "file:", 5) != 0)
		return key_generate_pkcs11(row->uri, passphrase_of(row), facts,
		    managed_key_is_for(row, "scep") ? KEY_SIGNS_AND_DECRYPTS : KEY_SIGNS, err);
	if (lstat(row->uri + 5, &st) == 0)
		return error_set(err, ERR_CA_KEY,
		    "%s exists already; where an interrupted run left it, use it with "
		    "--existing-key",
		    row->uri + 5);
	return key_generate_file(row->uri + 5, passphrase_of(row), facts, err);
}

/* A type that was asked for must be that of the key that exists. */
static int
check_type(const char *type, struct key_facts facts, struct error *err)
{
	struct key_facts wanted;

	if (type == NULL)
		return 0;
	if (key_facts_parse(type, &wanted, err) < 0)
		return -1;
	if (wanted.type != facts.type || wanted.bits != facts.bits)
		return error_set(err, ERR_CONFIG, "the key is not of type %s but %s of %u bits",
		    type, key_type_name(facts.type), facts.bits);
	return 0;
}

static int
describe_key(struct authority_key *key, struct error *err)
{
	struct managed_key *row = &key->row;
	struct key_facts facts = key_facts(key->key);

	row->id = uuid_new();
	row->bits = facts.bits;
	row->created_at = clock_now();
	row->public_key = (struct buf)BUF_INIT(PUBLIC_KEY_MAX);
	(void)snprintf(row->algorithm, sizeof(row->algorithm), "%s", key_type_name(facts.type));
	(void)snprintf(row->state, sizeof(row->state), "active");
	buf_add(&row->public_key, key_public(key->key));
	if (buf_failed(&row->public_key))
		return error_set(err, ERR_INTERNAL, "out of memory");
	return 0;
}

int
authority_key_prepare(const struct settings *settings, const struct authority_key_choice *choice,
    const char *label, struct authority_key *out, struct error *err)
{
	cleanup(authority_key_release) struct authority_key key = { .is_new = !choice->existing };

	(void)snprintf(key.row.name, sizeof(key.row.name), "%s", label);
	(void)snprintf(key.row.usages, sizeof(key.row.usages), "%s",
	    choice->usages != NULL ? choice->usages : "ca");
	if (place_key(settings, choice, &key.row, err) < 0)
		return -1;
	if (key.is_new && make_key(choice->type, &key.row, err) < 0)
		return -1;
	if (key_open(key.row.uri, passphrase_of(&key.row), &key.key, err) < 0 ||
	    check_type(choice->type, key_facts(key.key), err) < 0 ||
	    check_usages(&key.row, key_facts(key.key), err) < 0 || describe_key(&key, err) < 0)
		return authority_key_stays(&key, err);
	*out = key;
	key = (struct authority_key){ .key = NULL };
	return 0;
}

int
authority_key_load(
    struct db *db, const struct uuid *id, struct authority_key *out, struct error *err)
{
	cleanup(authority_key_release) struct authority_key key = { .is_recorded = true };

	if (keys_find(db, id, &key.row, err) < 0 ||
	    key_open(key.row.uri, passphrase_of(&key.row), &key.key, err) < 0)
		return -1;
	if (!bytes_equal(key_public(key.key), buf_bytes(&key.row.public_key)))
		return error_set(
		    err, ERR_CA_KEY, "the key in %s is not the one on record", key.row.uri);
	*out = key;
	key = (struct authority_key){ .key = NULL };
	return 0;
}

int
authority_key_stays(const struct authority_key *key, struct error *err)
{
	if (!key->is_new)
		return -1;
	/* It may be the only key of a CA that is active by now. */
	if (db_outcome_unknown(err))
		return error_prefix(err,
		    "keep the new key in %s until certwright key list shows whether it is used",
		    key->row.uri);
	return error_prefix(err,
	    "the new key stays in %s (remove it, or use it with --existing-key)", key->row.uri);
}
