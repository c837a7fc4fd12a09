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
show(const char *config, const char *name, bool as_json, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	cleanup(json_object_putp) struct json_object *object = NULL;

	if (records_open(config, &records, err) < 0 || cert_find(records.db, name, &row, err) < 0)
		return -1;
	object = cert_json(row);
	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (cert_json_events(records.db, row, object, err) < 0)
		return -1;
	return as_json ? table_print_json(object, err) : table_print_members(object, err);
}

int
cert_show(int argc, char **argv)
{
	static const struct records_showing showing = {
		.command = "cert show",
		.argument = "SERIAL|FINGERPRINT|ID",
		.about = "Shows a certificate's record: whom it names, who asked for it, its state "
			 "and history.",
		.show = show,
	};

	return records_show(&showing, argc, argv);
}

struct wish {
	const char *name;
	const char *out;
	bool der;
	bool chain;
};

static int
run_export(const char *config, const struct wish *wish, struct error *err)
{
	cleanup(records_release) struct records records = { .settings = NULL };
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;
	cleanup(buf_release) struct buf out = BUF_INIT(EXPORT_MAX);

	if (records_open(config, &records, err) < 0 ||
	    cert_find(records.db, wish->name, &row, err) < 0)
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
	struct wish wish = { .name = NULL };
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
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (wish.der && wish.chain)
		return options_fail("cert export", "--der gives one certificate; use PEM for more");
	wish.name = options.arguments[0];
	return run_export(options.config, &wish, &err) < 0 ? cmd_fail("cert export", &err) : CMD_OK;
}
