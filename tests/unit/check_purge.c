/* The job "purge": what is deleted was exported, unchanged, and is on disk; against a real MariaDB.
 */
#include "enroll/jobs/purge.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "fixture_store.h"
#include "store/jobs.h"
#include "store/purge.h"

enum { NOW = 1760000000, KEPT_DAYS = 30, ROW_MAX = 1 << 20 };

static char state_dir[128], export_dir[160];
static struct fixture_record one, other;
static const char *what_happens_to_the_lease; /* once it is claimed */

static void
setup(void)
{
	static char nothing[] = "";

	fixture_store_setup();
	(void)snprintf(state_dir, sizeof(state_dir), "/tmp/certwright-purge-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(state_dir));
	(void)snprintf(export_dir, sizeof(export_dir), "%s/export", state_dir);
	with_db_settings.server.state_dir = state_dir;
	with_db_settings.maintain.export_dir = nothing;
	with_db_settings.maintain.purge_certificates_days = KEPT_DAYS;
	with_db_settings.maintain.purge_audit_days = KEPT_DAYS;
	with_db_settings.crl.validity_s = 8640;
	with_db_sql("DELETE FROM audit");
}

/* Calls each() with the path of every file of the folder, in the order of their names. */
static unsigned
each_file(const char *folder, void (*each)(const char *path))
{
	struct dirent **names = NULL;
	int found = scandir(folder, &names, NULL, alphasort);
	unsigned count = 0;

	for (int i = 0; i < found; i++) {
		char path[512];

		if (names[i]->d_name[0] != '.') {
			(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
			count++;
			if (each != NULL)
				each(path);
		}
		free(names[i]);
	}
	free(names);
	return count;
}

static void delete (const char *path)
{
	ck_assert_int_eq(remove(path), 0);
}

static void
teardown(void)
{
	(void)each_file(export_dir, delete);
	(void)each_file(state_dir, delete);
	ck_assert_int_eq(remove(state_dir), 0);
	with_db_teardown();
}

/* A certificate that has ended so many seconds more than KEPT_DAYS ago. */
static void
insert_ended(uint8_t number, int64_t over_s, struct fixture_record *out)
{
	fixture_record(number, out);
	out->r.not_after = NOW - (int64_t)KEPT_DAYS * FIXTURE_DAY - over_s;
	fixture_insert(out);
}

/* Claims the job and runs it as at NOW; returns as it does. */
static int
purge(struct db *db, struct error *err)
{
	const struct job_claim claim = { .name = "purge", .holder = "test", .lease_s = 60 };
	struct job_context context = { .settings = &with_db_settings, .db = db, .lease_s = 60 };
	struct job_lease lease;
	struct error ignored = { .code = ERR_NONE };
	bool is_claimed = false;
	int result;

	if (jobs_claim(db, &claim, &lease, &is_claimed, err) < 0)
		return -1;
	ck_assert(is_claimed);
	if (what_happens_to_the_lease != NULL)
		with_db_sql("%s", what_happens_to_the_lease);
	context.lease = &lease;
	context.now = NOW;
	result = purge_job.run(&context, err);
	(void)jobs_end(db, &lease, result == 0, NULL, &ignored);
	return result;
}

static long long
count(const char *table)
{
	return with_db_sql("SELECT COUNT(*) FROM %s", table);
}

static unsigned
files(void)
{
	return each_file(export_dir, NULL);
}

static struct {
	const char *text;
	struct json_object *last;
	unsigned count;
} sought;

/* Each line must be a JSON object of its own. */
static void
seek(const char *path)
{
	const struct json_limits limits = { ROW_MAX, 4, 100 };
	static char line[ROW_MAX];
	FILE *file = fopen(path, "re");

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		cleanup(json_object_putp) struct json_object *object = NULL;
		size_t len = strlen(line);

		ck_assert_int_eq(line[len - 1], '\n');
		with_db_ok(json_parse(bytes_of(line, len - 1), &limits, &object, &with_db_err));
		if (strstr(line, sought.text) == NULL)
			continue;
		sought.count++;
		json_object_put(sought.last);
		sought.last = json_object_get(object);
	}
	ck_assert_int_eq(fclose(file), 0);
}

/* How many lines of all files hold this text; *last (may be NULL) is the last of them. */
static unsigned
lines_with(const char *text, struct json_object **last)
{
	sought.text = text;
	sought.count = 0;
	(void)each_file(export_dir, seek);
	if (last != NULL)
		*last = json_object_get(sought.last);
	json_object_put(sought.last);
	sought.last = NULL;
	return sought.count;
}

static const char *
member(struct json_object *object, const char *name)
{
	const char *text = NULL;

	ck_assert_msg(json_get_text(object, name, &text), "no text %s", name);
	return text;
}

static void
revoke_fixture(const struct fixture_record *record)
{
	char id[2 * UUID_SIZE + 1] = "";

	for (size_t i = 0; i < UUID_SIZE; i++)
		(void)snprintf(id + 2 * i, 3, "%02x", record->r.id.octets[i]);
	with_db_sql("UPDATE certificate SET status = 'revoked', revoked_at = '2026-01-01 00:00:00',"
		    " revocation_reason = 4 WHERE id = X'%s'",
	    id);
	with_db_sql(
	    "INSERT INTO revocation_event (id, certificate_id, action, reason, at, actor,"
	    " remote_address, comment, crl_number, generation_id) VALUES (UNHEX(MD5('%s')),"
	    " X'%s', 'revoke', 4, '2026-01-01 00:00:00', 'uid:0', '', 'l\xc3\xb6st \"1\"', 7,"
	    " REPEAT('g', 16))",
	    id, id);
	with_db_sql("INSERT INTO revoked_certificate SELECT generation_id, serial, id, not_after,"
		    " revoked_at, 4 FROM certificate WHERE id = X'%s'",
	    id);
	with_db_sql("INSERT INTO certificate_owner VALUES (X'%s', 'Ada')", id);
	with_db_sql("INSERT IGNORE INTO certificate_group VALUES (REPEAT('r', 16), 'ring', NULL,"
		    " NULL, UTC_TIMESTAMP())");
	with_db_sql("INSERT INTO certificate_group_member VALUES (REPEAT('r', 16), X'%s')", id);
}

START_TEST(what_ended_long_ago_goes_with_all_that_is_its_own)
	{
		struct json_object *row = NULL;
		struct stat seen;

		insert_ended(1, 1, &one);
		insert_ended(2, 0, &other);
		revoke_fixture(&one);
		revoke_fixture(&other);
		with_db_ok(purge(with_db, &with_db_err));
		/* the other one ended exactly so long ago, which is not longer */
		ck_assert_int_eq(count("certificate"), 1);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate WHERE subject ="
					     " 'CN=host2.example.test'"),
		    1);
		ck_assert_int_eq(count("revocation_event"), 1);
		ck_assert_int_eq(count("certificate_owner"), 1);
		ck_assert_int_eq(count("certificate_group_member"), 1);
		ck_assert_int_eq(count("certificate_group"), 1);
		ck_assert_int_eq(count("revoked_certificate"), 1);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE action ="
					     " 'certificate.purge' AND actor = 'job:purge'"),
		    1);
		ck_assert_uint_eq(files(), 1);
		ck_assert_uint_eq(lines_with("", NULL), 4);
		ck_assert_uint_eq(lines_with("\"table\":\"certificate\"", &row), 1);
		ck_assert_str_eq(member(row, "subject"), "CN=host1.example.test");
		ck_assert_str_eq(member(row, "not_after"), "2025-09-09T08:53:19Z");
		json_object_put(row);
		ck_assert_int_eq(stat(export_dir, &seen), 0);
		ck_assert_uint_eq(seen.st_mode & 07777, 0700);
	}
END_TEST

START_TEST(a_file_is_for_us_alone)
	{
		struct dirent **names = NULL;
		char path[512];
		struct stat seen;
		int found;

		insert_ended(1, 1, &one);
		with_db_ok(purge(with_db, &with_db_err));
		found = scandir(export_dir, &names, NULL, alphasort);
		ck_assert_int_eq(found, 3);
		/* the time of the run, and the token of its lease */
		ck_assert_str_eq(names[2]->d_name, "purge-20251009T085320Z-1.ndjson");
		(void)snprintf(path, sizeof(path), "%s/%s", export_dir, names[2]->d_name);
		ck_assert_int_eq(stat(path, &seen), 0);
		ck_assert_uint_eq(seen.st_mode & 07777, 0600);
		for (int i = 0; i < found; i++)
			free(names[i]);
		free(names);
	}
END_TEST

/* Names of columns, for IN (). */
struct columns {
	char list[4096];
	int count;
};

static void
add_column(const char *name, struct json_object *value, void *arg)
{
	struct columns *columns = arg;
	size_t len = strlen(columns->list);

	(void)value;
	(void)snprintf(columns->list + len, sizeof(columns->list) - len, ", '%s'", name);
	columns->count++;
}

/* A column that a migration adds must be exported too. */
static void
check_columns(struct json_object *row, const char *table)
{
	struct columns columns = { .list = "'-'" };
	long long missing;

	json_each_member(row, add_column, &columns);
	missing = with_db_sql("SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA ="
			      " DATABASE() AND TABLE_NAME = '%s' AND COLUMN_NAME NOT IN (%s)",
	    table, columns.list);
	ck_assert_msg(missing == 0, "%lld columns of %s are not exported", missing, table);
	ck_assert_int_eq(columns.count - 1,
	    with_db_sql("SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA ="
			" DATABASE() AND TABLE_NAME = '%s'",
		table));
}

START_TEST(every_column_is_exported)
	{
		static const char *const tables[] = { "certificate", "revocation_event",
			"certificate_owner", "certificate_group_member", "audit" };

		insert_ended(1, 1, &one);
		revoke_fixture(&one);
		with_db_sql(
		    "INSERT INTO audit VALUES (REPEAT('u', 16), '2020-01-02 03:04:05.678',"
		    " 'uid:0', '', NULL, 'ca.init', 'authority', 'demo', 'done', 'all\nof it',"
		    " '{\"a\":1}')");
		with_db_ok(purge(with_db, &with_db_err));
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
			struct json_object *row = NULL;
			char text[64];

			(void)snprintf(text, sizeof(text), "{\"table\":\"%s\"", tables[i]);
			ck_assert_uint_eq(lines_with(text, &row), 1);
			check_columns(row, tables[i]);
			json_object_put(row);
		}
	}
END_TEST

/* Each column's own value, under its own name. */
START_TEST(values_stand_as_they_were)
	{
		static const char *const columns[][2] = {
			{ "id", "01010101-0101-0101-0101-010101010101" },
			{ "generation_id", "67676767-6767-6767-6767-676767676767" },
			{ "type", "ty" },
			{ "source", "so" },
			{ "subject", "CN=host1.example.test" },
			{ "common_name", "host1.example.test" },
			{ "sans", "DNS:\xc3\xa4\n\"" },
			{ "not_before", "2020-01-01T00:00:01Z" },
			{ "not_after", "2020-01-01T00:00:02Z" },
			{ "key_type", "kt" },
			{ "requester_kind", "rk" },
			{ "requester_upn", "ru" },
			{ "token_id", "ti" },
			{ "remote_address", "ra" },
			{ "dropped", "dr" },
			{ "issued_at", "2020-01-01T00:00:03Z" },
			{ "status", "hold" },
			{ "revoked_at", "2020-01-01T00:00:04Z" },
			{ "owner", "ow" },
			{ "attributes", "{\"at\": 1}" },
			{ "requester_tenant", "74747474-7474-7474-7474-747474747474" },
			{ "requester_object", "6f6f6f6f-6f6f-6f6f-6f6f-6f6f6f6f6f6f" },
			{ "requester_application", "41414141-4141-4141-4141-414141414141" },
			{ "ra_profile_id", "70707070-7070-7070-7070-707070707070" },
			{ "request_id", "42424242-4242-4242-4242-424242424242" },
			{ "renewed_from", "43434343-4343-4343-4343-434343434343" },
			{ "lineage", "44444444-4444-4444-4444-444444444444" },
			{ "requester_certificate", "45454545-4545-4545-4545-454545454545" },
			{ "serial", "50010101010101010101010101010101" },
			{ "der", "AAECA/8=" },
		};
		struct json_object *row = NULL;
		int64_t number = 0;

		insert_ended(1, 1, &one);
		with_db_sql(
		    "UPDATE certificate SET id = REPEAT(X'01', 16), type = 'ty', source = 'so', "
		    "sans ="
		    " 'DNS:\xc3\xa4\n\"', not_before = '2020-01-01 00:00:01', not_after = "
		    "'2020-01-01"
		    " 00:00:02', key_type = 'kt', key_bits = 7, requester_kind = 'rk',"
		    " requester_upn = 'ru', token_id = 'ti', remote_address = 'ra', dropped = 'dr',"
		    " issued_at = '2020-01-01 00:00:03', status = 'hold', revoked_at = '2020-01-01"
		    " 00:00:04', revocation_reason = 8, owner = 'ow', attributes = '{\"at\": 1}',"
		    " requester_application = REPEAT('A', 16), request_id = REPEAT('B', 16),"
		    " renewed_from = REPEAT('C', 16), lineage = REPEAT('D', 16), "
		    "requester_certificate"
		    " = REPEAT('E', 16), renewals = 9, lineage_compromised = 1, der = "
		    "X'00010203ff',"
		    " fingerprint = REPEAT(X'f0', 32), spki_hash = REPEAT(X'f1', 32), csr_hash ="
		    " REPEAT(X'f2', 32)");
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_uint_eq(lines_with("\"certificate\"", &row), 1);
		for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
			ck_assert_str_eq(member(row, columns[i][0]), columns[i][1]);
		ck_assert_int_eq(strncmp(member(row, "fingerprint"), "f0f0", 4), 0);
		ck_assert_int_eq(strncmp(member(row, "spki_hash"), "f1f1", 4), 0);
		ck_assert_int_eq(strncmp(member(row, "csr_hash"), "f2f2", 4), 0);
		ck_assert(json_get_int(row, "key_bits", &number) && number == 7);
		ck_assert(json_get_int(row, "revocation_reason", &number) && number == 8);
		ck_assert(json_get_int(row, "renewals", &number) && number == 9);
		ck_assert(json_get_int(row, "lineage_compromised", &number) && number == 1);
		json_object_put(row);
	}
END_TEST

START_TEST(nothing_goes_without_a_setting)
	{
		bool is_due = true;
		const struct job_context context = { .settings = &with_db_settings };

		insert_ended(1, 1, &one);
		with_db_sql(
		    "INSERT INTO audit VALUES (REPEAT('u', 16), '2020-01-01', '', '', NULL, '',"
		    " '', '', '', '', NULL)");
		with_db_settings.maintain.purge_certificates_days = 0;
		with_db_settings.maintain.purge_audit_days = 0;
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate") + count("audit"), 2);
		ck_assert_uint_eq(files(), 0);
		with_db_ok(purge_job.is_due(&context, &is_due, &with_db_err));
		ck_assert(!is_due);
		with_db_settings.maintain.purge_audit_days = KEPT_DAYS;
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 1);
		ck_assert_uint_eq(lines_with("\"table\":\"audit\"", NULL), 1);
		with_db_ok(purge_job.is_due(&context, &is_due, &with_db_err));
		ck_assert(is_due);
	}
END_TEST

START_TEST(audit_rows_go_by_their_own_time)
	{
		struct json_object *row = NULL;

		with_db_sql(
		    "INSERT INTO audit SELECT UNHEX(MD5(seq)), FROM_UNIXTIME(%lld + seq),"
		    " 'uid:0', '', NULL, 'a', 't', seq, 'done', '', NULL FROM seq_1_to_1001",
		    (long long)NOW - (long long)KEPT_DAYS * FIXTURE_DAY - 901);
		with_db_sql("UPDATE audit SET at = at - INTERVAL 1001000 MICROSECOND"
			    " WHERE object_name = '902'");
		with_db_ok(purge(with_db, &with_db_err));
		/* one is a millisecond too old, that of the very time stays */
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'a'"), 100);
		ck_assert_uint_eq(lines_with("\"table\":\"audit\"", NULL), 901);
		ck_assert_uint_eq(lines_with("\"object_name\":\"902\"", &row), 1);
		ck_assert_str_eq(member(row, "at"), "2025-09-09T08:53:19.999Z");
		json_object_put(row);
	}
END_TEST

START_TEST(a_database_whose_clock_is_ahead_deletes_nothing)
	{
		struct fixture_record ended;

		insert_ended(1, 1, &ended);
		with_db_sql("INSERT INTO audit SELECT UNHEX(MD5(1)), FROM_UNIXTIME(%lld),"
			    " 'uid:0', '', NULL, 'a', 't', 1, 'done', '', NULL",
		    (long long)NOW - (long long)KEPT_DAYS * FIXTURE_DAY - 1);
		clock_fix(NOW - 2);
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 1);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'a'"), 1);
		clock_fix(NOW);
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 0);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'a'"), 0);
	}
END_TEST

START_TEST(what_a_crl_may_still_list_stays)
	{
		with_db_settings.maintain.purge_certificates_days = 1;
		with_db_settings.crl.validity_s = (KEPT_DAYS - 1) * FIXTURE_DAY;
		insert_ended(1, 0, &one);
		insert_ended(2, 1, &other);
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 1);
		ck_assert_uint_eq(lines_with("CN=host2.example.test", NULL), 1);
	}
END_TEST

static const char *const REFERENCES[] = {
	"INSERT INTO compromised_key SELECT spki_hash, id, UTC_TIMESTAMP() FROM certificate"
	" WHERE subject = 'CN=host1.example.test'",
	"INSERT INTO ra_certificate SELECT id, REPEAT('a', 16), REPEAT('k', 16), UTC_TIMESTAMP()"
	" FROM certificate WHERE subject = 'CN=host1.example.test'",
	"INSERT INTO scep_profile (id, name, enabled, revision, ca_certificate_id,"
	" include_ca_certificate, include_ca_chain, enable_intune, issue_attributes,"
	" custom_attributes, created_at) SELECT REPEAT('s', 16), 's', 1, 1, id, 0, 0, 0, '[]', "
	"'[]',"
	" UTC_TIMESTAMP() FROM certificate WHERE subject = 'CN=host1.example.test'",
};

/* They would lose a key that must not come back, or a key that SCEP decrypts with. */
START_TEST(what_is_referred_to_stays_and_stops_nothing)
	{
		insert_ended(1, 2, &one);
		insert_ended(2, 1, &other);
		with_db_sql("%s", REFERENCES[_i]);
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM certificate WHERE subject ="
					     " 'CN=host1.example.test'"),
		    1);
		ck_assert_int_eq(count("certificate"), 1);
		ck_assert_uint_eq(lines_with("", NULL), 1);
	}
END_TEST

START_TEST(a_descendant_renews_without_its_ancestor)
	{
		struct fixture_record living, next;

		insert_ended(1, 1, &one);
		fixture_renewal(2, &one, &living);
		living.r.not_after = NOW + FIXTURE_DAY;
		fixture_insert(&living);
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 1);
		fixture_renewal(3, &living, &next);
		next.r.not_after = NOW + 2 * FIXTURE_DAY;
		with_db_ok(
		    certificates_insert_claimed(with_db, &next.r, &living.r.id, &with_db_err));
		ck_assert_int_eq(count("certificate"), 2);
	}
END_TEST

/* So many that ended, of the same second. */
static void
insert_many(unsigned amount, int64_t not_after)
{
	fixture_record(1, &one);
	one.r.not_after = not_after;
	fixture_insert(&one);
	with_db_sql(
	    "INSERT INTO certificate (id, generation_id, serial, fingerprint, type, source,"
	    " subject, sans, not_before, not_after, key_type, key_bits, spki_hash, csr_hash,"
	    " der, ra_profile_id, requester_kind, remote_address, request_id, dropped,"
	    " lineage, issued_at) SELECT UNHEX(MD5(seq + not_after)), generation_id,"
	    " UNHEX(MD5(seq + not_after)), RPAD(UNHEX(MD5(seq + not_after)), 32, 'x'), type,"
	    " source, CONCAT('CN=', seq), sans, not_before, not_after, key_type, key_bits,"
	    " spki_hash, csr_hash, der, ra_profile_id, requester_kind, remote_address,"
	    " request_id, dropped, lineage, issued_at FROM certificate, seq_2_to_%u"
	    " WHERE subject = 'CN=host1.example.test'",
	    amount);
	with_db_sql("UPDATE certificate SET subject = 'CN=first'"
		    " WHERE subject = 'CN=host1.example.test'");
}

START_TEST(more_than_a_piece_goes_piece_by_piece)
	{
		insert_many(2 * PURGE_PIECE_ROWS + 3, FIXTURE_ISSUED);
		/* the first piece begins with one that stays */
		with_db_sql("INSERT INTO compromised_key SELECT spki_hash, id, UTC_TIMESTAMP() FROM"
			    " certificate ORDER BY not_after, id LIMIT 1");
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 1);
		ck_assert_uint_eq(lines_with("", NULL), 2 * PURGE_PIECE_ROWS + 2);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE action ="
					     " 'certificate.purge'"),
		    3);
	}
END_TEST

/* A piece of rows of several MiB each is what fits, and at least one. */
START_TEST(large_rows_make_small_pieces)
	{
		with_db_sql(
		    "INSERT INTO audit SELECT UNHEX(MD5(seq)), '2020-01-01', 'uid:0', '', NULL,"
		    " 'a', 't', seq, 'done', '', REPEAT('\"', 5000000) FROM seq_1_to_3");
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'audit.purge'"), 3);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit WHERE action = 'a'"), 0);
	}
END_TEST

/* What the server has read for this connection so far. */
static long
rows_read(void)
{
	static const char SQL[] = "SHOW SESSION STATUS LIKE 'Handler_read%'";
	struct db_rows *rows = NULL;
	long sum = 0;

	with_db_ok(db_query(with_db, SQL, db_no_args, &rows, &with_db_err));
	while (db_rows_next(rows)) {
		struct bytes value = db_rows_bytes(rows, 1);
		char text[32] = "";

		memcpy(text, value.ptr, value.len < 31 ? value.len : 31);
		sum += strtol(text, NULL, 10);
	}
	db_rows_free(rows);
	return sum;
}

/* What stays is not looked at, however much it is. */
START_TEST(the_cost_is_that_of_what_goes)
	{
		long before, empty;

		insert_many(5000, NOW);
		insert_ended(2, 1, &one);
		with_db_sql(
		    "INSERT INTO audit SELECT UNHEX(MD5(seq)), FROM_UNIXTIME(%d), 'uid:0', '',"
		    " NULL, 'a', 't', seq, 'done', '', NULL FROM seq_1_to_5000",
		    NOW);
		before = rows_read();
		empty = rows_read() - before;
		before = rows_read();
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_lt(rows_read() - before - empty, 1000);
		ck_assert_int_eq(count("certificate"), 5000);
	}
END_TEST

/* A run in a process of its own, which waits at what `lock` locks. */
static pid_t
start_and_wait(MYSQL *locker, const char *lock)
{
	pid_t pid;

	with_db_on(locker, "USE %s", with_db_name);
	with_db_on(locker, "START TRANSACTION");
	with_db_on(locker, "%s", lock);
	pid = fork();
	if (pid == 0) {
		struct db *db = db_new(&with_db_settings);
		struct error err = { .code = ERR_NONE };
		int result = purge(db, &err);

		db_free(db);
		_exit(result == 0 ? 0 : err.code == ERR_CONFLICT ? 2 : 1);
	}
	ck_assert_int_gt(pid, 0);
	/* the server looks at its transactions anew when nobody has asked for 100 ms */
	for (int i = 0; i < 270 && with_db_sql("SELECT COUNT(*) FROM information_schema.INNODB_TRX"
					       " WHERE trx_state = 'LOCK WAIT'") == 0;
	     i++)
		with_db_sleep_ms(110);
	return pid;
}

static int
end_of(pid_t pid)
{
	int status = 0;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define LOCK_ONE "SELECT id FROM certificate WHERE subject = 'CN=host1.example.test' FOR UPDATE"

START_TEST(a_run_that_is_killed_has_deleted_nothing_unexported)
	{
		MYSQL *locker = with_db_connect();
		pid_t pid;

		insert_ended(1, 1, &one);
		insert_ended(2, 1, &other);
		with_db_sql(
		    "INSERT INTO job (name, holder, token, checks) VALUES ('purge', '', 0, 0)");
		pid = start_and_wait(locker, LOCK_ONE);
		ck_assert_uint_eq(lines_with("\"table\":\"certificate\"", NULL), 2);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(end_of(pid), -SIGKILL);
		with_db_on(locker, "ROLLBACK");
		mysql_close(locker);
		ck_assert_int_eq(count("certificate"), 2);
		with_db_sql("UPDATE job SET lease_until = NULL");
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 0);
		ck_assert_uint_eq(files(), 2);
		ck_assert_uint_eq(lines_with("\"table\":\"certificate\"", NULL), 4);
	}
END_TEST

static const char *const LOSSES[] = {
	"UPDATE job SET token = token + 1", "UPDATE job SET lease_until = UTC_TIMESTAMP(3)",
	"UPDATE job SET checks = checks + 1", /* the near miss */
};

START_TEST(who_has_lost_the_lease_deletes_nothing)
	{
		int kept = _i < 2 ? 1 : 0;

		insert_ended(1, 1, &one);
		what_happens_to_the_lease = LOSSES[_i];
		if (kept == 0)
			with_db_ok(purge(with_db, &with_db_err));
		else
			with_db_fails(purge(with_db, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(count("certificate"), kept);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM audit"), 1 - kept);
		ck_assert_uint_eq(lines_with("\"table\":\"certificate\"", NULL), 1);
	}
END_TEST

START_TEST(what_changes_meanwhile_is_exported_again)
	{
		MYSQL *locker = with_db_connect();
		pid_t pid;

		insert_ended(1, 1, &one);
		with_db_sql(
		    "INSERT INTO job (name, holder, token, checks) VALUES ('purge', '', 0, 0)");
		pid = start_and_wait(locker, "UPDATE certificate SET attributes = '{\"new\":1}'");
		with_db_on(locker, "COMMIT");
		mysql_close(locker);
		ck_assert_int_eq(end_of(pid), 0);
		ck_assert_int_eq(count("certificate"), 0);
		ck_assert_uint_eq(lines_with("\"table\":\"certificate\"", NULL), 2);
		ck_assert_uint_eq(lines_with("\\\"new\\\"", NULL), 1);
	}
END_TEST

START_TEST(without_a_folder_nothing_is_deleted)
	{
		FILE *file = fopen(export_dir, "we");

		ck_assert_ptr_nonnull(file);
		ck_assert_int_eq(fclose(file), 0);
		insert_ended(1, 1, &one);
		with_db_fails(purge(with_db, &with_db_err), ERR_INTERNAL);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "Not a directory"));
		ck_assert_int_eq(count("certificate"), 1);
	}
END_TEST

START_TEST(a_folder_that_others_write_in_is_refused)
	{
		ck_assert_int_eq(mkdir(export_dir, 0700), 0);
		ck_assert_int_eq(chmod(export_dir, 0770), 0);
		insert_ended(1, 1, &one);
		with_db_fails(purge(with_db, &with_db_err), ERR_CONFIG);
		ck_assert_int_eq(count("certificate"), 1);
		/* the near miss: a group that reads */
		ck_assert_int_eq(chmod(export_dir, 0750), 0);
		error_clear(&with_db_err);
		with_db_ok(purge(with_db, &with_db_err));
		ck_assert_int_eq(count("certificate"), 0);
	}
END_TEST

/* Runs it in a process whose files may have so many bytes: that fails as a full disk does. */
static int
purge_within(rlim_t bytes)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };
		struct db *db = db_new(&with_db_settings);
		struct error err = { .code = ERR_NONE };
		bool is_full;

		(void)signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &limit);
		is_full = purge(db, &err) < 0 && strstr(err.text, "File too large") != NULL;
		db_free(db);
		_exit(is_full ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(a_full_disk_stops_it_and_leaves_whole_lines)
	{
		insert_many(2 * PURGE_PIECE_ROWS, FIXTURE_ISSUED);
		ck_assert_int_eq(purge_within(1000), 0);
		ck_assert_int_eq(count("certificate"), 2 * PURGE_PIECE_ROWS);
		ck_assert_uint_eq(files(), 0);
		/* room for the first piece alone */
		ck_assert_int_eq(purge_within(900000), 0);
		ck_assert_int_eq(count("certificate"), PURGE_PIECE_ROWS);
		ck_assert_uint_eq(lines_with("", NULL), PURGE_PIECE_ROWS);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("purge");
	TCase *tcase = tcase_create("purge");

	(void)argc;
	with_db_ensure(argv);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_ended_long_ago_goes_with_all_that_is_its_own);
	tcase_add_test(tcase, a_file_is_for_us_alone);
	tcase_add_test(tcase, every_column_is_exported);
	tcase_add_test(tcase, values_stand_as_they_were);
	tcase_add_test(tcase, nothing_goes_without_a_setting);
	tcase_add_test(tcase, audit_rows_go_by_their_own_time);
	tcase_add_test(tcase, a_database_whose_clock_is_ahead_deletes_nothing);
	tcase_add_test(tcase, what_a_crl_may_still_list_stays);
	tcase_add_loop_test(tcase, what_is_referred_to_stays_and_stops_nothing, 0,
	    sizeof(REFERENCES) / sizeof(REFERENCES[0]));
	tcase_add_test(tcase, a_descendant_renews_without_its_ancestor);
	tcase_add_test(tcase, more_than_a_piece_goes_piece_by_piece);
	tcase_add_test(tcase, large_rows_make_small_pieces);
	tcase_add_test(tcase, the_cost_is_that_of_what_goes);
	tcase_add_test(tcase, a_run_that_is_killed_has_deleted_nothing_unexported);
	tcase_add_loop_test(
	    tcase, who_has_lost_the_lease_deletes_nothing, 0, sizeof(LOSSES) / sizeof(LOSSES[0]));
	tcase_add_test(tcase, what_changes_meanwhile_is_exported_again);
	tcase_add_test(tcase, without_a_folder_nothing_is_deleted);
	tcase_add_test(tcase, a_folder_that_others_write_in_is_refused);
	tcase_add_test(tcase, a_full_disk_stops_it_and_leaves_whole_lines);
	suite_add_tcase(suite, tcase);
	return with_db_run(suite);
}
