/* Finding one certificate, against a real MariaDB. */
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
	ck_assert(row->has_ra_profile && row->ra_profile_enabled);
	ck_assert_str_eq(row->authority, "demo");
	ck_assert_mem_eq(row->authority_id.octets, "aaaaaaaaaaaaaaaa", UUID_SIZE);
	ck_assert_str_eq(row->owner, "");
	ck_assert_uint_eq(row->attributes.len, 0);
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
		with_db_sql("UPDATE ra_profile SET enabled = FALSE");
		with_db_sql("UPDATE certificate SET attributes = '[{\"name\": \"a\"}]'");
		with_db_sql("INSERT INTO certificate_owner SELECT id, 'Jane' FROM certificate");
		row = find_row(0);
		ck_assert_int_eq(row->status, _i == 0 ? CERTIFICATE_ON_HOLD : CERTIFICATE_REVOKED);
		ck_assert_str_eq(
		    certificate_status_name(row->status), _i == 0 ? "hold" : "revoked");
		ck_assert_int_eq(row->revocation_reason, _i == 0 ? 6 : 0);
		ck_assert_int_eq(row->revoked_at, FIXTURE_ISSUED + 9);
		ck_assert_uint_eq(row->renewals, 7);
		ck_assert(row->lineage_compromised);
		ck_assert(row->generation_expired);
		ck_assert(row->has_ra_profile && !row->ra_profile_enabled);
		ck_assert(bytes_equal_text(buf_bytes(&row->attributes), "[{\"name\": \"a\"}]"));
		ck_assert_str_eq(row->owner, "Jane");
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
		ck_assert_str_eq(row->authority, "");
		ck_assert_uint_eq(row->generation_der.len, 0);
		certificate_row_free(row);
	}
END_TEST

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
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}
