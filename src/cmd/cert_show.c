/* certwright cert show and export. */
#include "base/json.h"
#include "cmd/cert.h"
#include "cmd/cmd.h"
#include "cmd/files.h"
#include "cmd/options.h"
#include "cmd/records.h"
#include "cmd/table.h"
#include "crypto/cert.h"

enum { EXPORT_MAX = 2 * CERTIFICATE_ROW_DER_MAX };

static int
find(const struct records *records, const char *name, struct json_object **out, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	cleanup(json_object_putp) struct json_object *object = NULL;

	if (cert_find(records->db, name, &row, err) < 0)
		return -1;
	object = cert_json(row);
	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (cert_json_events(records->db, row, object, err) < 0)
		return -1;
	*out = take(object);
	return 0;
}

int
cert_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.usage = "cert show [options] SERIAL|FINGERPRINT|ID",
		.about = "Shows a certificate's record: whom it names, who asked for it, its state "
			 "and history.",
		.find = find,
		.print = table_print_members,
	};

	return records_show(&showing, argc, argv);
}

struct wish {
	const char *out;
	bool der;
	bool chain;
};

static int
run_export(const struct options *options, const void *arg, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	cleanup(buf_release) struct buf out = BUF_INIT(EXPORT_MAX);
	const struct wish *wish = arg;

	if (wish->der && wish->chain)
		return options_fail("cert export", "--der gives one certificate; use PEM for more");
	if (records_open(options->config, &records, err) < 0 ||
	    cert_find(records.db, options->arguments[0], &row, err) < 0)
		return -1;
	if (wish->der)
		return files_write(wish->out, buf_bytes(&row->der), err);
	pem_encode("CERTIFICATE", buf_bytes(&row->der), &out);
	if (wish->chain)
		pem_encode("CERTIFICATE", buf_bytes(&row->generation_der), &out);
	if (buf_failed(&out))
		return error_set(err, ERR_INTERNAL, "out of memory");
	return files_write(wish->out, buf_bytes(&out), err);
}

int
cert_export(int argc, char **argv)
{
	struct wish wish = { .out = NULL };
	const struct option_spec specs[] = {
		{ "der", NULL, "DER in place of PEM", OPTION_FLAG, &wish.der },
		{ "chain", NULL, "the issuing CA's certificate too", OPTION_FLAG, &wish.chain },
		{ "out", "FILE", "where to, not standard output", OPTION_TEXT, &wish.out },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	const struct option_set set = {
		.usage = "cert export [options] SERIAL|FINGERPRINT|ID",
		.about = "Prints a certificate on record.",
		.specs = specs,
		.min_arguments = 1,
		.max_arguments = 1,
		.run = run_export,
		.wish = &wish,
	};

	return options_run(&set, argc, argv);
}
