/* Finding and listing certificates, against a real MariaDB. */
#include "store/certificates_find.h"

#include "fixture_store.h"

static struct fixture_record record;

static void
setup(void)
{
	fixture_store_setup();
	fixture_record(1, &record);
}

static void
teardown(void)
{
	with_db_teardown();
}

static void
assert_texts(const struct certificate_row *row, const struct certificate_record *r)
{
	ck_assert(bytes_equal_text(buf_bytes(&row->subject), r->subject));
	ck_assert(bytes_equal_text(buf_bytes(&row->sans), r->sans));
	ck_assert_str_eq(row->type, r->type);
	ck_assert_str_eq(row->source, r->source);
	ck_assert_str_eq(row->key_type, r->key_type);
	ck_assert_str_eq(row->requester_kind, r->requester_kind);
	ck_assert_str_eq(row->requester_upn, r->requester_upn != NULL ? r->requester_upn : "");
	ck_assert_str_eq(row->remote_address, r->remote_address);
	ck_assert_str_eq(row->dropped, r->dropped);
	ck_assert_str_eq(row->generation, "demo-1");
	ck_assert_str_eq(row->ra_profile, "default");
}

static void
assert_bytes(const struct certificate_row *row, const struct certificate_record *r)
{
	ck_assert(bytes_equal(bytes_of(row->serial, row->serial_len), r->serial));
	ck_assert(bytes_equal(bytes_of(row->fingerprint, 32), r->fingerprint));
	ck_assert(bytes_equal(bytes_of(row->spki_hash, 32), r->spki_hash));
	ck_assert(bytes_equal(buf_bytes(&row->der), r->der));
	ck_assert(bytes_equal_text(buf_bytes(&row->generation_der), "the CA"));
}

/* `has` and the id are what the record's pointer says. */
static void
assert_id(bool has, const struct uuid *id, const struct uuid *wanted)
{
	static const struct uuid none;

	ck_assert(has == (wanted != NULL));
	ck_assert_mem_eq(id, wanted != NULL ? wanted : &none, sizeof(none));
}

static void
assert_ids(const struct certificate_row *row, const struct certificate_record *r)
{
	assert_id(true, &row->id, &r->id);
	assert_id(true, &row->generation_id, &r->generation_id);
	assert_id(true, &row->ra_profile_id, &r->ra_profile_id);
	assert_id(true, &row->lineage, &r->lineage);
	assert_id(row->has_requester, &row->requester_tenant, r->requester_tenant);
	assert_id(row->has_requester, &row->requester_object, r->requester_object);
	assert_id(row->has_application, &row->requester_application, r->requester_application);
	assert_id(
	    row->has_requester_certificate, &row->requester_certificate, r->requester_certificate);
	assert_id(row->has_renewed_from, &row->renewed_from, r->renewed_from);
}

static void
assert_row(const struct certificate_row *row, const struct certificate_record *r)
{
	assert_texts(row, r);
	assert_bytes(row, r);
	assert_ids(row, r);
	ck_assert_int_eq(row->not_before, r->not_before);
	ck_assert_int_eq(row->not_after, r->not_after);
	ck_assert_int_eq(row->issued_at, r->issued_at);
	ck_assert_uint_eq(row->key_bits, r->key_bits);
	ck_assert(!row->generation_expired);
}

/* The row, found in each of the ways. */
static struct certificate_row *
find_row(int way)
{
	struct certificate_row *row = NULL;

	switch (way) {
	case 0:
		with_db_ok(certificates_find_fingerprint(
		    with_db, record.r.fingerprint, &row, &with_db_err));
		break;
	case 1:
		with_db_ok(certificates_find_id(with_db, &record.r.id, &row, &with_db_err));
		break;
	default:
		with_db_ok(certificates_find_serial(with_db, record.r.serial, &row, &with_db_err));
	}
	return row;
}

START_TEST(a_certificate_is_found_as_it_was_recorded)
	{
		struct uuid application = uuid_new(), former = uuid_new(), by = uuid_new();
		struct certificate_row *row;

		if (_i % 2 == 1) {
			record.r.requester_upn = "j\xc3\xa4ne@example.com";
			record.r.requester_application = &application;
			record.r.renewed_from = &former;
			record.r.requester_certificate = &by;
			record.r.dropped = "1.2.3";
			record.r.lineage = former;
		} else {
			record.r.requester_tenant = record.r.requester_object = NULL;
			record.r.sans = "";
		}
		fixture_insert(&record);
		row = find_row(_i / 2);
		assert_row(row, &record.r);
		ck_assert_int_eq(row->status, CERTIFICATE_GOOD);
		ck_assert_int_eq(row->revoked_at, 0);
		ck_assert_int_eq(row->revocation_reason, -1);
		ck_assert_uint_eq(row->renewals, 0);
		ck_assert(!row->lineage_compromised);
		certificate_row_free(row);
	}
END_TEST

START_TEST(its_state_comes_with_it)
	{
		struct certificate_row *row;

		fixture_insert(&record);
		with_db_sql("UPDATE certificate SET status = '%s', revocation_reason = %d,"
			    " revoked_at = FROM_UNIXTIME(%d), renewals = 7,"
			    " lineage_compromised = TRUE",
		    _i == 0 ? "hold" : "revoked", _i == 0 ? 6 : 0, FIXTURE_ISSUED + 9);
		with_db_sql("UPDATE authority_generation SET state = 'expired'");
		row = find_row(0);
		ck_assert_int_eq(row->status, _i == 0 ? CERTIFICATE_ON_HOLD : CERTIFICATE_REVOKED);
		ck_assert_str_eq(
		    certificate_status_name(row->status), _i == 0 ? "hold" : "revoked");
		ck_assert_int_eq(row->revocation_reason, _i == 0 ? 6 : 0);
		ck_assert_int_eq(row->revoked_at, FIXTURE_ISSUED + 9);
		ck_assert_uint_eq(row->renewals, 7);
		ck_assert(row->lineage_compromised);
		ck_assert(row->generation_expired);
		certificate_row_free(row);
	}
END_TEST

START_TEST(the_largest_row_is_read)
	{
		static char subject[4096 * 4 + 1], sans[65536], upn[257], dropped[1025];
		static uint8_t der[65535];
		struct certificate_row *row;

		for (size_t i = 0; i < sizeof(subject) - 1; i++)
			subject[i] = "\xf0\x9f\x98\x80"[i % 4];
		memset(sans, 's', sizeof(sans) - 1);
		memset(upn, 'u', sizeof(upn) - 1);
		memset(dropped, '1', sizeof(dropped) - 1);
		record.r.subject = subject;
		record.r.sans = sans;
		record.r.requester_upn = upn;
		record.r.dropped = dropped;
		record.r.der = bytes_of(der, sizeof(der));
		record.r.type = "Abcdefghijklmnopqrstuvwxyz012345";
		record.r.source = record.r.key_type = record.r.requester_kind = "abcdefghijklmnop";
		record.r.remote_address = "2001:db8:1111:2222:3333:4444:255.255.255.255";
		fixture_insert(&record);
		row = find_row(_i);
		assert_row(row, &record.r);
		certificate_row_free(row);
	}
END_TEST

START_TEST(what_is_not_there_is_not_found)
	{
		struct certificate_row *row = NULL;

		fixture_insert(&record);
		memset(record.fingerprint, 9, 32);
		record.r.id = uuid_new();
		with_db_fails(certificates_find_fingerprint(
				  with_db, record.r.fingerprint, &row, &with_db_err),
		    ERR_NOT_FOUND);
		with_db_fails(
		    certificates_find_id(with_db, &record.r.id, &row, &with_db_err), ERR_NOT_FOUND);
		with_db_fails(
		    certificates_find_serial(with_db,
			bytes_of(record.serial, sizeof(record.serial) - 1), &row, &with_db_err),
		    ERR_NOT_FOUND);
		ck_assert_ptr_null(row);
	}
END_TEST

START_TEST(a_serial_of_two_issuers_is_a_conflict)
	{
		struct certificate_row *row = NULL;

		fixture_insert(&record);
		record.r.id = uuid_new();
		memset(record.fingerprint, 9, 32);
		record.r.generation_id = fixture_uuid('h');
		fixture_insert(&record);
		with_db_fails(
		    certificates_find_serial(with_db, record.r.serial, &row, &with_db_err),
		    ERR_CONFLICT);
		ck_assert_ptr_null(row);
		/* By what is unique it is found, also without its generation. */
		error_clear(&with_db_err);
		with_db_ok(certificates_find_id(with_db, &record.r.id, &row, &with_db_err));
		ck_assert_str_eq(row->generation, "");
		ck_assert_uint_eq(row->generation_der.len, 0);
		certificate_row_free(row);
	}
END_TEST

enum { DAY = FIXTURE_DAY, NOW = FIXTURE_ISSUED + 10 * FIXTURE_DAY };

/* Numbers 1 to 6; what they are beside that is what the filters below find them by. */
static void
insert_six(void)
{
	static const char *const subjects[] = { "CN=Alpha", "CN=100%", "CN=under_score",
		"CN=back\\slash", "CN=\xc3\x84rger", "O=Plain" };

	with_db_sql("INSERT INTO ra_profile SELECT REPEAT('q', 16), 'Default2', description,"
		    " authority_id, 0, 0, 1, key_types, 2048, 4096, 730, 7, '', '', '', 'dns', 100,"
		    " 'any', 'est', 'Static', 1, created_at FROM ra_profile");
	with_db_sql("INSERT INTO authority VALUES (REPEAT('b', 16), 'other', UTC_TIMESTAMP())");
	with_db_sql("INSERT INTO authority_generation (id, authority_id, number, label, key_id,"
		    " state, subject, certificate, created_at) VALUES (REPEAT('h', 16),"
		    " REPEAT('b', 16), 1, 'other-1', REPEAT('k', 16), 'active', 'CN=Other',"
		    " 'other CA', UTC_TIMESTAMP())");
	for (uint8_t i = 1; i <= 6; i++) {
		fixture_record(i, &record);
		record.r.subject = subjects[i - 1];
		record.r.lineage = fixture_uuid(i <= 2 ? 'l' : 'm');
		record.r.ra_profile_id = i == 3 ? fixture_uuid('q') : fixture_profile;
		record.r.generation_id = i == 4 ? fixture_uuid('h') : fixture_generation;
		record.r.type = i == 5 ? "IntuneUser" : "Static";
		/* 1 ended yesterday, 2 ends now, 3 in a day, 4 in two; 5 has yet to begin. */
		if (i <= 4)
			record.r.not_after = NOW + (i - 2) * (int64_t)DAY;
		if (i == 5)
			record.r.not_before = NOW + 1;
		fixture_insert(&record);
	}
	with_db_sql("UPDATE certificate SET status = 'hold' WHERE subject = 'CN=under_score'");
	with_db_sql("UPDATE certificate SET status = 'revoked' WHERE subject = 'CN=100%%'");
}

/* The numbers of what was listed, one digit each. */
static int
note(const struct certificate_row *row, void *arg, struct error *err)
{
	char *numbers = arg;
	size_t len = strlen(numbers);

	(void)err;
	numbers[len] = (char)('0' + row->fingerprint[0]);
	numbers[len + 1] = '\0';
	return 0;
}

static const struct uuid LINEAGE = { "llllllllllllllll" };

static const struct {
	struct certificates_filter filter;
	const char *numbers;
} FILTERS[] = {
	{ { .limit = 10 }, "654321" },
	{ { .limit = 6 }, "654321" },
	{ { .limit = 2 }, "65" },
	{ { .text = "alpha", .limit = 10 }, "1" },
	{ { .text = "\xc3\xa4RG", .limit = 10 }, "5" },
	{ { .text = "HOST4.example", .limit = 10 }, "4" }, /* of the SANs */
	{ { .text = "", .limit = 10 }, "654321" },
	{ { .text = "%", .limit = 10 }, "2" },
	{ { .text = "_", .limit = 10 }, "3" },
	{ { .text = "\\", .limit = 10 }, "4" },
	{ { .text = "a%a", .limit = 10 }, "" },
	{ { .text = "al'; DROP TABLE audit; --", .limit = 10 }, "" },
	{ { .text = "\xff", .limit = 10 }, "" },
	{ { .text = "\xf0\x9f\x98\x80", .limit = 10 }, "" },
	{ { .status = "good", .limit = 10 }, "6541" },
	{ { .status = "hold", .limit = 10 }, "3" },
	{ { .status = "revoked", .limit = 10 }, "2" },
	{ { .status = "expired", .limit = 10 }, "1" },
	{ { .status = "Good", .limit = 10 }, "" },
	{ { .status = "g\xc3\xb6\xc3\xb6"
		      "d",
	      .limit = 10 },
	    "" },
	{ { .ra_profile = "default", .limit = 10 }, "65421" },
	{ { .ra_profile = "Default2", .limit = 10 }, "3" },
	{ { .ra_profile = "default2", .limit = 10 }, "" },
	{ { .ra_profile = "default ", .limit = 10 }, "" },
	{ { .authority = "demo", .limit = 10 }, "65321" },
	{ { .authority = "other", .limit = 10 }, "4" },
	{ { .authority = "Other", .limit = 10 }, "" },
	{ { .authority = "nobody", .limit = 10 }, "" },
	{ { .type = "IntuneUser", .limit = 10 }, "5" },
	{ { .type = "intuneuser", .limit = 10 }, "" },
	/* 1 has ended, 2 is revoked, 5 has not begun */
	{ { .expires_before = NOW + 1000 * (int64_t)DAY, .limit = 10 }, "643" },
	{ { .expires_before = NOW + 2 * DAY, .limit = 10 }, "3" },
	{ { .expires_before = NOW + 2 * DAY + 1, .limit = 10 }, "43" },
	{ { .expires_before = NOW, .limit = 10 }, "" },
	{ { .lineage = &LINEAGE, .limit = 10 }, "21" },
	{ { .lineage = &LINEAGE, .status = "good", .limit = 10 }, "1" },
	{ { .lineage = &LINEAGE,
	      .text = "host",
	      .authority = "demo",
	      .ra_profile = "default",
	      .type = "Static",
	      .limit = 1 },
	    "2" },
};

START_TEST(a_filter_lets_pass_what_it_says)
	{
		struct certificates_filter filter = FILTERS[_i].filter;
		char numbers[16] = "";

		insert_six();
		filter.now = NOW;
		with_db_ok(certificates_each(with_db, &filter, note, numbers, &with_db_err));
		ck_assert_str_eq(numbers, FILTERS[_i].numbers);
	}
END_TEST

/* Each one's second of issue is smaller by one, and none is there twice. */
static int
count_down(const struct certificate_row *row, void *arg, struct error *err)
{
	int64_t *seconds = arg;

	(void)err;
	ck_assert_int_eq(row->issued_at, --*seconds);
	return 0;
}

START_TEST(long_lists_come_whole_and_once)
	{
		static const int limits[] = { 1, 99, 100, 101, 200, 249, 250, 251, DB_MAX_ROWS };
		struct certificates_filter filter = { .now = NOW, .limit = (size_t)limits[_i] };
		int64_t seconds = FIXTURE_ISSUED + 251;

		for (int i = 1; i <= 250; i++) {
			fixture_record((uint8_t)i, &record);
			fixture_insert(&record);
		}
		with_db_ok(certificates_each(with_db, &filter, count_down, &seconds, &with_db_err));
		ck_assert_int_eq(
		    FIXTURE_ISSUED + 251 - seconds, limits[_i] < 250 ? limits[_i] : 250);
	}
END_TEST

static int
stop_at_third(const struct certificate_row *row, void *arg, struct error *err)
{
	unsigned *count = arg;

	(void)row;
	return ++*count == 3 ? error_set(err, ERR_LIMIT, "enough") : 0;
}

START_TEST(whoever_is_told_may_end_it)
	{
		struct certificates_filter filter = { .now = NOW, .limit = 10 };
		unsigned count = 0;

		insert_six();
		with_db_fails(
		    certificates_each(with_db, &filter, stop_at_third, &count, &with_db_err),
		    ERR_LIMIT);
		ck_assert_uint_eq(count, 3);
	}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("certificates_find");
	TCase *tc = tcase_create("certificates_find");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, a_certificate_is_found_as_it_was_recorded, 0, 6);
	tcase_add_loop_test(tc, its_state_comes_with_it, 0, 2);
	tcase_add_loop_test(tc, the_largest_row_is_read, 0, 3);
	tcase_add_test(tc, what_is_not_there_is_not_found);
	tcase_add_test(tc, a_serial_of_two_issuers_is_a_conflict);
	tcase_add_loop_test(tc, a_filter_lets_pass_what_it_says, 0, LENGTH(FILTERS));
	tcase_add_loop_test(tc, long_lists_come_whole_and_once, 0, 9);
	tcase_add_test(tc, whoever_is_told_may_end_it);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}
