/* certwright ca export: CA certificates and requests for other programs. */
#include <string.h>

#include "cmd/ca.h"
#include "cmd/files.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "crypto/cert.h"
#include "crypto/der.h"

enum { EXPORT_MAX = 4 * 1024 * 1024 };

struct wish {
	const char *out;
	bool der;
	bool chain;
	bool cross;
	bool csr;
};

static void
add_der(const struct wish *wish, const char *label, struct bytes der, struct buf *out)
{
	if (wish->der)
		buf_add(out, der);
	else
		pem_encode(label, der, out);
}

static void
add_all(const struct wish *wish, struct bytes ders, struct buf *out)
{
	struct der_item item;

	while (der_next(&ders, &item))
		add_der(wish, "CERTIFICATE", item.whole, out);
}

static int
add_request(const struct wish *wish, const struct generation *generation, struct buf *out,
    struct error *err)
{
	if (generation->csr.len == 0)
		return error_set(
		    err, ERR_NOT_FOUND, "no request was made for %s", generation->label);
	add_der(wish, "CERTIFICATE REQUEST", buf_bytes(&generation->csr), out);
	return 0;
}

/* Every generation of one key is the subject of the same cross-certificates. */
struct key_crosses {
	struct db *db;
	const struct generation *wanted;
	struct buf *ders;
};

static int
add_crosses(const struct generation *generation, void *arg, struct error *err)
{
	const struct key_crosses *crosses = arg;

	if (memcmp(&generation->key_id, &crosses->wanted->key_id, sizeof(generation->key_id)) != 0)
		return 0;
	return cross_certificates_of(crosses->db, &generation->id, crosses->ders, err);
}

/*
 * Without the certificate itself: a verifier that is given both prefers the
 * self-signed one and never looks for the way to the root that it trusts.
 */
static int
add_cross_certificates(struct db *db, const struct wish *wish, const struct generation *generation,
    struct buf *out, struct error *err)
{
	cleanup(buf_release) struct buf ders = BUF_INIT(EXPORT_MAX);
	struct key_crosses crosses = { .db = db, .wanted = generation, .ders = &ders };

	if (generations_each(db, &generation->authority_id, add_crosses, &crosses, err) < 0)
		return -1;
	if (ders.len == 0)
		return error_set(
		    err, ERR_NOT_FOUND, "there are no cross-certificates of %s", generation->label);
	add_all(wish, buf_bytes(&ders), out);
	return 0;
}

static int
add_certificates(const struct wish *wish, const struct generation *generation, struct buf *out,
    struct error *err)
{
	if (generation->certificate.len == 0)
		return error_set(err, ERR_NOT_FOUND,
		    "%s has no certificate yet; certwright ca export %s --csr prints its request",
		    generation->label, generation->label);
	add_der(wish, "CERTIFICATE", buf_bytes(&generation->certificate), out);
	if (wish->chain)
		add_all(wish, buf_bytes(&generation->chain), out);
	return 0;
}

static int
add_wanted(struct db *db, const struct wish *wish, const struct generation *generation,
    struct buf *out, struct error *err)
{
	if (wish->csr)
		return add_request(wish, generation, out, err);
	if (wish->cross)
		return add_cross_certificates(db, wish, generation, out, err);
	return add_certificates(wish, generation, out, err);
}

static int
run_export(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(generation_release) struct generation generation = { .number = 0 };
	cleanup(buf_release) struct buf out = BUF_INIT(EXPORT_MAX);
	const struct wish *wish = arg;

	if (wish->der && (wish->chain || wish->cross))
		return options_fail("ca export", "--der gives one certificate; use PEM for more");
	if (wish->chain + wish->cross + wish->csr > 1)
		return options_fail("ca export", "--chain, --cross and --csr exclude each other");
	if (records_open(options->config, &records, err) < 0 ||
	    authority_find_generation(records.db, options->arguments[0], &generation, err) < 0 ||
	    add_wanted(records.db, wish, &generation, &out, err) < 0)
		return -1;
	if (buf_failed(&out))
		return error_set(err, ERR_INTERNAL, "out of memory");
	return files_write(wish->out, buf_bytes(&out), err);
}

int
ca_export(int argc, char **argv)
{
	struct wish wish = { .out = NULL };
	const struct option_spec specs[] = {
		{ "der", NULL, "DER in place of PEM; one certificate only", OPTION_FLAG,
		    &wish.der },
		{ "chain", NULL, "the outer CA's certificates too", OPTION_FLAG, &wish.chain },
		{ "cross", NULL, "the cross-certificates of its key instead", OPTION_FLAG,
		    &wish.cross },
		{ "csr", NULL, "the request for an outer CA instead", OPTION_FLAG, &wish.csr },
		{ "out", "FILE", "where to, not standard output", OPTION_TEXT, &wish.out },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "ca export [options] NAME|LABEL",
		.about =
		    "Prints the certificate of a CA's active generation, or of the one of this "
		    "label.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = run_export,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}
