/* What searching 20 000 certificates costs, against a real MariaDB: plans, and rows read a page. */
#define _GNU_SOURCE
#include "store/search_walk.h"

#include "fixture_store.h"

enum { COUNT = 20000, TWENTIETH = COUNT / 20, NOW = FIXTURE_ISSUED, WALK_EXAMINED = 5000 };

/* The certificates' numbers are their key_bits. Each kind of search but the last has 1000 hits. */
static void
insert_all(void)
{
	with_db_sql("INSERT INTO certificate (id, generation_id, serial, fingerprint, type, source,"
		    " subject, common_name, sans, not_before, not_after, key_type, key_bits,"
		    " spki_hash, csr_hash, der, ra_profile_id, requester_kind, requester_tenant,"
		    " requester_object, remote_address, request_id, dropped, lineage, issued_at,"
		    " status, attributes) SELECT"
		    " UNHEX(CONCAT(LPAD(HEX(1700000000000 + seq), 12, '0'), LEFT(MD5(seq), 20))),"
		    " REPEAT('g', 16), UNHEX(CONCAT('50', LEFT(MD5(seq), 30))),"
		    " UNHEX(SHA2(seq, 256)), 'Static', 'API', CONCAT('CN=host', seq),"
		    " IF(seq %% 20 = 6, 'Same.example', CONCAT('host', seq)),"
		    " CONCAT('DNS:host', seq, '\\n'), FROM_UNIXTIME(%d),"
		    " FROM_UNIXTIME(%d + 60 * (seq %% 1000)), 'p256', seq, REPEAT('h', 32),"
		    " REPEAT('h', 32), REPEAT('d', 800), REPEAT(IF(seq %% 20 = 0, 'q', 'p'), 16),"
		    " 'user', REPEAT('t', 16), REPEAT(IF(seq %% 20 = 1, 'o', 'x'), 16), '',"
		    " REPEAT('r', 16), '', REPEAT(IF(seq %% 20 = 2, 'l', 'm'), 16),"
		    " FROM_UNIXTIME(%d + FLOOR(seq / 100)), IF(seq %% 20 = 5, 'revoked', 'good'),"
		    " IF(seq %% 20 = 7, '[{\"name\": \"a\", \"content\": [{\"data\": 1}]}]', NULL)"
		    " FROM seq_1_to_%d",
	    FIXTURE_NOT_BEFORE, NOW - 10000, FIXTURE_ISSUED, COUNT);
	with_db_sql("INSERT INTO certificate_owner SELECT id, 'Jane' FROM certificate"
		    " WHERE key_bits %% 20 = 3");
	with_db_sql("INSERT INTO certificate_group (id, name, created_at)"
		    " VALUES (REPEAT('r', 16), 'red', UTC_TIMESTAMP())");
	with_db_sql("INSERT INTO certificate_group_member SELECT REPEAT('r', 16), id"
		    " FROM certificate WHERE key_bits %% 20 = 4");
	with_db_sql("INSERT INTO revocation_event (id, certificate_id, action, reason, at, actor,"
		    " remote_address) SELECT UNHEX(MD5(CONCAT(c.key_bits, '/', s.seq))), c.id,"
		    " IF(s.seq = 2, 'revoke', 'hold'), 0, UTC_TIMESTAMP(), '', ''"
		    " FROM certificate c JOIN seq_1_to_2 s WHERE c.key_bits %% 20 = 5");
	with_db_sql("INSERT INTO ra_profile (id, name, authority_id, enabled, revision, key_types,"
		    " min_rsa_bits, max_rsa_bits, validity_days, min_remaining_days, key_usages,"
		    " allowed_ekus, default_ekus, san_types, max_sans, subject_rule, protocols,"
		    " renewable_types, add_cdp, created_at) SELECT REPEAT('q', 16), 'rare',"
		    " authority_id, 0, 1, key_types, 2048, 4096, 730, 7, '', '', '', 'dns', 100,"
		    " 'any', 'est', 'Static', 1, created_at FROM ra_profile");
	(void)with_db_sql("ANALYZE TABLE certificate, certificate_owner, certificate_group_member,"
			  " revocation_event");
}

#define VALUES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__ \
	}
#define ONE(field, op, value) \
	{ \
		SEARCH_##field, SEARCH_##op, NULL, VALUES(value), 1 \
	}
#define REQUESTER "74747474-7474-7474-7474-747474747474/6f6f6f6f-6f6f-6f6f-6f6f-6f6f6f6f6f6f"
#define L_LINE "6c6c6c6c-6c6c-6c6c-6c6c-6c6c6c6c6c6c"

/* A search, the index that must serve it, and how many it finds. */
static const struct {
	struct search_condition conditions[2];
	size_t conditions_count;
	const char *plan;
	int hits;
} KINDS[] = {
	{ { ONE(RA_PROFILE, EQUALS, "rare") }, 1, "RA profile", TWENTIETH },
	{ { { SEARCH_RA_PROFILE, SEARCH_EQUALS, NULL, VALUES("rare", "none"), 2 } }, 1,
	    "RA profiles", TWENTIETH },
	{ { ONE(REQUESTER, EQUALS, REQUESTER) }, 1, "requester", TWENTIETH },
	{ { ONE(LINEAGE, EQUALS, L_LINE) }, 1, "lineage", TWENTIETH },
	{ { ONE(OWNER, EQUALS, "jane") }, 1, "owner", TWENTIETH },
	{ { ONE(OWNER, STARTS_WITH, "j") }, 1, "owners", TWENTIETH },
	{ { ONE(GROUP, EQUALS, "red") }, 1, "group", TWENTIETH },
	{ { ONE(GROUP_ID, EQUALS, "72727272-7272-7272-7272-727272727272") }, 1, "group",
	    TWENTIETH },
	{ { ONE(STATUS, EQUALS, "revoked") }, 1, "events", TWENTIETH },
	{ { ONE(COMMON_NAME, EQUALS, "same.EXAMPLE") }, 1, "common name", TWENTIETH },
	{ { ONE(COMMON_NAME, STARTS_WITH, "same") }, 1, "common names", TWENTIETH },
	{ { ONE(COMMON_NAME, STARTS_WITH, "host") }, 1, "common names", COUNT - TWENTIETH },
	{ { ONE(SERIAL, STARTS_WITH, "50") }, 1, "serials", COUNT },
	{ { ONE(FINGERPRINT, STARTS_WITH, "0") }, 1, "fingerprints", -1 },
	{ { ONE(STATUS, EQUALS, "expired") }, 1, "ended", 167 * 20 },
	{ { ONE(NOT_AFTER, GREATER, "2020-01-01") }, 1, "ending", COUNT },
	{ { ONE(NOT_AFTER, LESSER, "2030-01-01") }, 1, "ended", COUNT },
	{ { ONE(STATUS, EQUALS, "good") }, 0, "all", COUNT },
	/* These look at every row. */
	{ { ONE(STATUS, EQUALS, "good") }, 1, "all", COUNT - TWENTIETH },
	{ { ONE(TEXT, CONTAINS, "host1234") }, 1, "all", 11 },
	{ { ONE(SUBJECT, ENDS_WITH, "0000") }, 1, "all", 2 },
	{ { ONE(SAN, EQUALS, "host7") }, 1, "all", 1 },
	{ { ONE(OWNER, NOT_EQUALS, "jane") }, 1, "all", COUNT - TWENTIETH },
	{ { ONE(GROUP, NOT_EQUALS, "red") }, 1, "all", COUNT - TWENTIETH },
	{ { { SEARCH_ATTRIBUTE, SEARCH_EQUALS, "a", VALUES("1"), 1 } }, 1, "all", TWENTIETH },
	{ { ONE(RA_PROFILE, EQUALS, "rare"), ONE(TEXT, CONTAINS, "host20000") }, 2, "RA profile",
	    1 },
};

enum { KINDS_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

static struct certificates_search
search_of(size_t kind)
{
	return (struct certificates_search){ .conditions = KINDS[kind].conditions,
		.condition_count = KINDS[kind].conditions_count,
		.page_size = KINDS[kind].hits > 10 * TWENTIETH ? 1000 : 50,
		.now = NOW };
}

/* What the server has read for this connection so far, but for what asking it costs. */
static long
rows_read(void)
{
	static const char SQL[] = "SHOW SESSION STATUS LIKE 'Handler_read%'";
	cleanup(db_rows_freep) struct db_rows *rows = NULL;
	long sum = 0;

	with_db_ok(db_query(with_db, SQL, db_no_args, &rows, &with_db_err));
	while (db_rows_next(rows)) {
		struct bytes value = db_rows_bytes(rows, 1);
		char text[32] = "";

		memcpy(text, value.ptr, value.len < 31 ? value.len : 31);
		sum += strtol(text, NULL, 10);
	}
	return sum;
}

/* Which certificates have come. */
struct seen {
	bool at[COUNT + 1];
	int count;
};

static int
see(const struct certificate_row *row, void *arg, struct error *err)
{
	struct seen *seen = arg;

	(void)err;
	ck_assert_uint_ge(row->key_bits, 1);
	ck_assert_uint_le(row->key_bits, COUNT);
	ck_assert_msg(!seen->at[row->key_bits], "%u came twice", row->key_bits);
	seen->at[row->key_bits] = true;
	seen->count++;
	return 0;
}

/*
 * A hit is read from the index, maybe looked up for what the index does not know, and read with
 * the four rows that it refers to; a page ends with a look whether there is more.
 */
static long
bound_of(const struct certificates_search *search, const struct certificates_found *found)
{
	return (long)found->hits * 8 + (long)found->examined * 6 + 100 +
	       (found->hits < search->page_size ? 0 : 10);
}

static void
follow(size_t kind)
{
	struct certificates_search search = search_of(kind);
	struct seen *seen = calloc(1, sizeof(*seen));
	struct certificates_visit visit = { see, seen };
	struct certificates_found found;
	char token[SEARCH_TOKEN_MAX];
	long asking = -rows_read();

	ck_assert_ptr_nonnull(seen);
	asking += rows_read();
	do {
		long before = rows_read(), cost;

		with_db_ok(certificates_search(with_db, &search, visit, &found, &with_db_err));
		cost = rows_read() - before - asking;
		ck_assert_msg(cost <= bound_of(&search, &found),
		    "kind %zu: %ld rows read for %zu hits and %zu examined, at %d", kind, cost,
		    found.hits, found.examined, seen->count);
		/* Nothing but a walk of the whole table may look at more than its page. */
		if (kind < 17 && strcmp(KINDS[kind].plan, "events") != 0)
			ck_assert_uint_le(found.examined, 4 * search.page_size + 130);
		ck_assert_uint_le(found.examined, WALK_EXAMINED);
		ck_assert(!found.is_cut || found.examined == WALK_EXAMINED);
		memcpy(token, found.token, sizeof(token));
		search.token = token;
	} while (token[0] != '\0');
	if (KINDS[kind].hits >= 0)
		ck_assert_msg(seen->count == KINDS[kind].hits, "kind %zu: %d found, not %d", kind,
		    seen->count, KINDS[kind].hits);
	free(seen);
}

/* No row of the plan scans a table or sorts; only the start of a walk has no range. */
static void
check_explained(struct db_rows *rows, size_t kind, enum search_phase phase)
{
	enum { TABLE = 2, TYPE = 3, EXTRA = 9 };

	while (db_rows_next(rows)) {
		struct bytes table = db_rows_bytes(rows, TABLE), type = db_rows_bytes(rows, TYPE);
		struct bytes extra = db_rows_bytes(rows, EXTRA);
		bool is_json = bytes_equal_text(table, "t");

		if (is_json || type.len == 0)
			continue;
		ck_assert_msg(!bytes_equal_text(type, "ALL"), "kind %zu, phase %d: table %.*s",
		    kind, (int)phase, (int)table.len, (const char *)table.ptr);
		ck_assert_msg(!bytes_equal_text(type, "index") || phase == SEARCH_PHASE_START,
		    "kind %zu, phase %d: an index from its start", kind, (int)phase);
		ck_assert_msg(
		    extra.len == 0 || (memmem(extra.ptr, extra.len, "filesort", 8) == NULL &&
					  memmem(extra.ptr, extra.len, "temporary", 9) == NULL),
		    "kind %zu, phase %d: %.*s", kind, (int)phase, (int)extra.len,
		    (const char *)extra.ptr);
	}
}

static void
explain(size_t kind, const struct search_choice *choice, const struct search_walk *walk)
{
	bool has_key = choice->plan->key != NULL, has_tie = choice->plan->tie != NULL;

	for (int phase = SEARCH_PHASE_START; phase < SEARCH_PHASE_END; phase++) {
		struct search_statement statement = { choice, &walk->at, (enum search_phase)phase,
			51 };
		cleanup(search_sql_release) struct search_sql sql;
		cleanup(db_rows_freep) struct db_rows *rows = NULL;

		if ((phase == SEARCH_PHASE_TIE && !has_tie) ||
		    (phase == SEARCH_PHASE_KEY && !has_key))
			continue;
		search_sql_init(&sql);
		search_sql_add(&sql, "EXPLAIN ");
		search_walk_compose(&statement, &sql);
		with_db_ok(search_sql_query(with_db, &sql, &rows, &with_db_err));
		check_explained(rows, kind, (enum search_phase)phase);
	}
}

START_TEST(no_statement_scans_or_sorts)
	{
		static const struct search_limits limits = { 60, WALK_EXAMINED, 10000 };
		static const struct search_position start;

		insert_all();
		for (size_t kind = 0; kind < KINDS_COUNT; kind++) {
			struct certificates_search search = search_of(kind);
			cleanup(
			    search_choice_release) struct search_choice choice = { .number = 0 };
			cleanup(search_walk_release) struct search_walk walk;

			search_walk_init(&walk, &start);
			with_db_ok(search_plan_choose(&search, &choice, &with_db_err));
			ck_assert_msg(strcmp(choice.plan->name, KINDS[kind].plan) == 0,
			    "kind %zu: %s, not %s", kind, choice.plan->name, KINDS[kind].plan);
			with_db_ok(search_walk_run(with_db, &choice, &limits, &walk, &with_db_err));
			explain(kind, &choice, &walk);
		}
	}
END_TEST

START_TEST(every_page_costs_the_same)
	{
		insert_all();
		for (size_t kind = 0; kind < KINDS_COUNT; kind++)
			follow(kind);
	}
END_TEST

START_TEST(totals_are_capped_and_say_so)
	{
		static const struct {
			size_t kind;
			size_t count;
			bool is_at_least;
		} totals[] = { { 0, TWENTIETH, false }, { 17, SEARCH_HITS_MAX, true },
			{ 12, SEARCH_HITS_MAX, true }, { 19, 11, false } };
		struct seen *seen = calloc(1, sizeof(*seen));

		ck_assert_ptr_nonnull(seen);
		insert_all();
		for (size_t i = 0; i < 4; i++) {
			struct certificates_search search = search_of(totals[i].kind);
			struct certificates_visit visit = { see, seen };
			struct certificates_total total;

			*seen = (struct seen){ .count = 0 };
			search.page_size = 100;
			search.page_number = i == 0 ? 10 : i == 3 ? 1 : 100;
			with_db_ok(certificates_search_numbered(
			    with_db, &search, visit, &total, &with_db_err));
			ck_assert_uint_eq(total.count, totals[i].count);
			ck_assert(total.is_at_least == totals[i].is_at_least);
			ck_assert_int_eq(seen->count, i == 3 ? 11 : 100);
		}
		free(seen);
	}
END_TEST

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("search_walk");
	TCase *tc = tcase_create("search_walk");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, fixture_store_setup, with_db_teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, no_statement_scans_or_sorts);
	tcase_add_test(tc, every_page_costs_the_same);
	tcase_add_test(tc, totals_are_capped_and_say_so);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}
