/* Searching certificates: what is found, page by page, against a real MariaDB. */
#include "store/certificates_search.h"

#include "fixture_search.h"
#include "store/certificate_groups.h"
#include "store/certificate_owners.h"

enum { DAY = FIXTURE_DAY, NOW = FIXTURE_ISSUED + 10 * FIXTURE_DAY };

static struct fixture_record record;

static void
setup(void)
{
	fixture_store_setup();
}

static void
teardown(void)
{
	with_db_teardown();
}

static void
insert_others(void)
{
	with_db_sql("INSERT INTO ra_profile (id, name, authority_id, enabled, revision, key_types,"
		    " min_rsa_bits, max_rsa_bits, validity_days, min_remaining_days, key_usages,"
		    " allowed_ekus, default_ekus, san_types, max_sans, subject_rule, protocols,"
		    " renewable_types, add_cdp, created_at) SELECT REPEAT('q', 16), 'Default2',"
		    " authority_id, 0, 1, key_types, 2048, 4096, 730, 7, '', '', '', 'dns', 100,"
		    " 'any', 'est', 'Static', 1, created_at FROM ra_profile");
	with_db_sql("INSERT INTO authority VALUES (REPEAT('b', 16), 'other', UTC_TIMESTAMP())");
	with_db_sql("INSERT INTO authority_generation (id, authority_id, number, label, key_id,"
		    " state, subject, certificate, created_at) VALUES (REPEAT('h', 16),"
		    " REPEAT('b', 16), 1, 'other-1', REPEAT('k', 16), 'active', 'CN=Other',"
		    " 'other CA', UTC_TIMESTAMP())");
}

/* What the six differ in beside their numbers. */
static void
differ(uint8_t i)
{
	static const char *const names[] = { "Alpha", "100%", "under_score", "back\\slash",
		"\xc3\x84rger's \"!\"", NULL };
	static char subject[64], upn[64];

	(void)snprintf(
	    subject, sizeof(subject), i < 6 ? "CN=%s" : "O=Plain", i < 6 ? names[i - 1] : "");
	(void)snprintf(upn, sizeof(upn), "user%u@Example.com", i);
	record.r.subject = subject;
	record.r.common_name = names[i - 1];
	record.r.requester_upn = i == 2 ? NULL : upn;
	record.r.lineage = fixture_uuid(i <= 2 ? 'l' : 'm');
	record.r.ra_profile_id = i == 3 ? fixture_uuid('q') : fixture_profile;
	record.r.generation_id = i == 4 ? fixture_uuid('h') : fixture_generation;
	record.r.type = i == 5 ? "IntuneUser" : "Static";
	record.r.key_bits = i == 1 ? 2048 : 256;
	if (i == 6)
		record.r.sans = "";
	if (i == 1)
		record.r.sans = "DNS:a.example\nURI:https://x.example/a:DNS\nUPN:A@example\n";
	/* 1 ended yesterday, 2 ends now, 3 in a day, 4 in two; 5 has yet to begin. */
	if (i <= 4)
		record.r.not_after = NOW + (i - 2) * (int64_t)DAY;
	if (i == 5)
		record.r.not_before = NOW + 1;
}

static void
insert_states(void)
{
	static const char HELD[] = "SELECT id FROM certificate WHERE subject = 'CN=under_score'";

	with_db_sql("UPDATE certificate SET status = 'hold', revocation_reason = 6,"
		    " revoked_at = FROM_UNIXTIME(%d) WHERE id = (%s)",
	    FIXTURE_ISSUED, HELD);
	with_db_sql("UPDATE certificate SET status = 'revoked', revocation_reason = 0,"
		    " revoked_at = FROM_UNIXTIME(%d) WHERE common_name = '100%%'",
	    NOW);
	/* 2 was held before, 1 was released. */
	with_db_sql("INSERT INTO revocation_event (id, certificate_id, action, reason, at, actor,"
		    " remote_address) SELECT UNHEX(MD5(CONCAT(s.seq, c.subject))), c.id, 'hold', 6,"
		    " UTC_TIMESTAMP(), '', '' FROM certificate c JOIN seq_1_to_2 s"
		    " WHERE c.subject IN ('CN=under_score', 'CN=100%%', 'CN=Alpha')");
	with_db_sql("UPDATE certificate SET attributes = '[{\"uuid\": \"u-1\", \"name\": \"Dept\","
		    " \"content\": [{\"data\": \"R&D\"}, {\"data\": \"a%%b\"}]},"
		    " {\"uuid\": \"u-2\", \"name\": \"floor\", \"content\": [{\"data\": 12}]}]'"
		    " WHERE common_name = 'Alpha'");
}

/* Numbers 1 to 6. */
static void
insert_six(void)
{
	static const char *const owners[] = { "jane", "JANE", "j\xc3\xa1ne", "jan_e%", "" };
	struct certificate_group red = { .id = fixture_uuid('r'), .name = "red" };
	struct certificate_group blue = { .id = fixture_uuid('s'), .name = "Blue %" };
	const struct uuid both[] = { red.id, blue.id };

	insert_others();
	with_db_ok(certificate_groups_insert(with_db, &red, &with_db_err));
	with_db_ok(certificate_groups_insert(with_db, &blue, &with_db_err));
	for (uint8_t i = 1; i <= 6; i++) {
		fixture_record(i, &record);
		differ(i);
		fixture_insert(&record);
		if (i <= 4)
			with_db_ok(certificate_owners_set(
			    with_db, &record.r.id, owners[i - 1], &with_db_err));
		with_db_ok(certificate_groups_set(with_db, &record.r.id, both,
		    i == 1   ? 2
		    : i == 2 ? 1
			     : 0,
		    &with_db_err));
	}
	insert_states();
}

#define ONE(field, op, ...) \
	{ \
		{ \
			SEARCH_##field, SEARCH_##op, NULL, (const char *const[]){ __VA_ARGS__ }, \
			    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) \
		} \
	}
#define NAMED(op, name, ...) \
	{ \
		{ \
			SEARCH_ATTRIBUTE, SEARCH_##op, name, (const char *const[]){ __VA_ARGS__ }, \
			    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *) \
		} \
	}
#define NONE(field, op) \
	{ \
		{ \
			SEARCH_##field, SEARCH_##op, NULL, NULL, 0 \
		} \
	}
#define F1 "01010101010101010101010101010101010101010101010101010101010101"
#define L_LINE "6c6c6c6c-6c6c-6c6c-6c6c-6c6c6c6c6c6c"
#define Q_PROFILE "71717171-7171-7171-7171-717171717171"
#define P_PROFILE "70707070-7070-7070-7070-707070707070"
#define REQUESTER "74747474-7474-7474-7474-747474747474/6f6f6f6f-6f6f-6f6f-6f6f-6f6f6f6f6f6f"

/* One condition, and the numbers that it finds in the order of its plan. */
static const struct {
	struct search_condition conditions[1];
	const char *numbers;
} FINDS[] = {
	{ ONE(TEXT, CONTAINS, "alpha"), "1" },
	{ ONE(TEXT, CONTAINS, "\xc3\xa4RG"), "5" },
	{ ONE(TEXT, CONTAINS, "HOST4.example"), "4" },
	{ ONE(TEXT, CONTAINS, "user3@"), "3" },
	{ ONE(TEXT, CONTAINS, "500505"), "5" },
	{ ONE(TEXT, CONTAINS, "%"), "2" },
	{ ONE(TEXT, CONTAINS, "_"), "3" },
	{ ONE(TEXT, CONTAINS, "\\"), "4" },
	{ ONE(TEXT, CONTAINS, "!"), "5" },
	{ ONE(TEXT, CONTAINS, "'s \""), "5" },
	{ ONE(TEXT, CONTAINS, "a%a"), "" },
	{ ONE(TEXT, CONTAINS, "al'; DROP TABLE audit; --"), "" },
	{ ONE(TEXT, CONTAINS, "\xf0\x9f\x98\x80"), "" },
	{ ONE(TEXT, CONTAINS, "alpha", "100%"), "21" },
	{ ONE(TEXT, NOT_CONTAINS, "alpha", "100%"), "6543" },
	{ ONE(SERIAL, EQUALS, "50010101010101010101010101010101"), "1" },
	{ ONE(SERIAL, EQUALS, "50:02:02:02:02:02:02:02:02:02:02:02:02:02:02:02",
	      "50010101010101010101010101010101"),
	    "12" },
	{ ONE(SERIAL, STARTS_WITH, "5003"), "3" },
	{ ONE(SERIAL, STARTS_WITH, "500"), "123456" },
	{ ONE(SERIAL, STARTS_WITH, "5004", "50020"), "24" },
	{ ONE(SERIAL, STARTS_WITH, "51"), "" },
	{ ONE(SERIAL, ENDS_WITH, "0606"), "6" },
	{ ONE(SERIAL, NOT_EQUALS, "50010101010101010101010101010101"), "65432" },
	{ ONE(FINGERPRINT, EQUALS, F1 "01"), "1" },
	{ ONE(FINGERPRINT, EQUALS, F1 "00"), "" },
	{ ONE(FINGERPRINT, EQUALS, F1), "" },
	{ ONE(FINGERPRINT, STARTS_WITH, "01", "0505"), "15" },
	{ ONE(FINGERPRINT, STARTS_WITH, "0"), "123456" },
	{ ONE(FINGERPRINT, CONTAINS, "0303"), "3" },
	{ ONE(COMMON_NAME, EQUALS, "ALPHA"), "1" },
	{ ONE(COMMON_NAME, EQUALS, "Alpha "), "" },
	{ ONE(COMMON_NAME, EQUALS, "\xc3\xa4rger's \"!\""), "5" },
	{ ONE(COMMON_NAME, EQUALS, "arger's \"!\""), "" },
	{ ONE(COMMON_NAME, EQUALS, "100%", "alpha"), "21" },
	{ ONE(COMMON_NAME, STARTS_WITH, "100%"), "2" },
	{ ONE(COMMON_NAME, STARTS_WITH, "100_"), "" },
	{ ONE(COMMON_NAME, STARTS_WITH, "under_"), "3" },
	{ ONE(COMMON_NAME, STARTS_WITH, "back\\s"), "4" },
	{ ONE(COMMON_NAME, STARTS_WITH, "u", "AL"), "13" },
	{ ONE(COMMON_NAME, STARTS_WITH, ""), "21543" },
	{ ONE(COMMON_NAME, ENDS_WITH, "SCORE"), "3" },
	{ ONE(COMMON_NAME, NOT_EQUALS, "alpha"), "65432" },
	{ NONE(COMMON_NAME, EMPTY), "6" },
	{ NONE(COMMON_NAME, NOT_EMPTY), "54321" },
	{ ONE(SUBJECT, EQUALS, "o=plain"), "6" },
	{ ONE(SUBJECT, STARTS_WITH, "O="), "6" },
	{ ONE(SAN, EQUALS, "A.EXAMPLE"), "1" },
	{ ONE(SAN, EQUALS, "DNS:a.example"), "1" },
	{ ONE(SAN, EQUALS, "https://x.example/a:dns"), "1" },
	{ ONE(SAN, EQUALS, "DNS"), "" },
	{ ONE(SAN, EQUALS, ".example"), "" },
	{ ONE(SAN, STARTS_WITH, "a.exam"), "1" },
	{ ONE(SAN, STARTS_WITH, "x.exam"), "" },
	{ ONE(SAN, ENDS_WITH, "a:dns"), "1" },
	{ ONE(SAN, ENDS_WITH, "a:dn"), "" },
	{ ONE(SAN, CONTAINS, "host", "a@ex"), "54321" },
	{ NONE(SAN, EMPTY), "6" },
	{ ONE(REQUESTER_UPN, EQUALS, "USER1@example.com"), "1" },
	{ ONE(REQUESTER_UPN, NOT_CONTAINS, "user1"), "65432" },
	{ NONE(REQUESTER_UPN, EMPTY), "2" },
	{ ONE(REQUESTER, EQUALS, REQUESTER), "654321" },
	{ ONE(REQUESTER, NOT_EQUALS, REQUESTER), "" },
	{ ONE(REQUESTER_OBJECT, EQUALS, "6f6f6f6f-6f6f-6f6f-6f6f-6f6f6f6f6f6f"), "654321" },
	{ NONE(APPLICATION, EMPTY), "654321" },
	{ ONE(OWNER, EQUALS, "jane"), "21" },
	{ ONE(OWNER, EQUALS, "J\xc3\x81NE"), "3" },
	{ ONE(OWNER, STARTS_WITH, "jan_"), "4" },
	{ ONE(OWNER, CONTAINS, "%"), "4" },
	{ NONE(OWNER, EMPTY), "65" },
	{ ONE(OWNER, NOT_EQUALS, "jane"), "6543" },
	{ ONE(GROUP, EQUALS, "red"), "21" },
	{ ONE(GROUP, EQUALS, "Red"), "" },
	{ ONE(GROUP, EQUALS, "red", "Blue %"), "21" },
	{ ONE(GROUP, EQUALS, "Blue %"), "1" },
	{ ONE(GROUP, CONTAINS, "BLUE"), "1" },
	{ ONE(GROUP, NOT_EQUALS, "Blue %"), "65432" },
	{ NONE(GROUP, EMPTY), "6543" },
	{ ONE(GROUP_ID, EQUALS, "73737373-7373-7373-7373-737373737373"), "1" },
	{ ONE(GROUP_ID, NOT_EQUALS, "73737373-7373-7373-7373-737373737373"), "65432" },
	{ ONE(RA_PROFILE, EQUALS, "default"), "65421" },
	{ ONE(RA_PROFILE, EQUALS, "Default2"), "3" },
	{ ONE(RA_PROFILE, EQUALS, "default2"), "" },
	{ ONE(RA_PROFILE, EQUALS, "default "), "" },
	{ ONE(RA_PROFILE, STARTS_WITH, "default"), "654321" },
	{ ONE(RA_PROFILE_ID, EQUALS, Q_PROFILE), "3" },
	{ ONE(RA_PROFILE_ID, EQUALS, Q_PROFILE, P_PROFILE), "365421" },
	{ ONE(AUTHORITY, EQUALS, "demo"), "65321" },
	{ ONE(AUTHORITY, EQUALS, "Other"), "" },
	{ ONE(AUTHORITY, NOT_EQUALS, "demo"), "4" },
	{ ONE(AUTHORITY_ID, EQUALS, "62626262-6262-6262-6262-626262626262"), "4" },
	{ ONE(GENERATION_ID, EQUALS, "68686868-6868-6868-6868-686868686868"), "4" },
	{ ONE(ISSUER, EQUALS, "cn=other"), "4" },
	{ ONE(TYPE, EQUALS, "IntuneUser"), "5" },
	{ ONE(TYPE, EQUALS, "intuneuser"), "" },
	{ ONE(TYPE, NOT_EQUALS, "Static", "DC"), "5" },
	{ ONE(SOURCE, EQUALS, "EST"), "654321" },
	{ ONE(STATUS, EQUALS, "good"), "6541" },
	{ ONE(STATUS, EQUALS, "hold"), "3" },
	{ ONE(STATUS, EQUALS, "revoked"), "2" },
	{ ONE(STATUS, EQUALS, "hold", "revoked"), "32" },
	{ ONE(STATUS, EQUALS, "valid"), "64" },
	{ ONE(STATUS, EQUALS, "inactive"), "5" },
	{ ONE(STATUS, EQUALS, "expired"), "1" },
	{ ONE(STATUS, EQUALS, "expiring"), "4" },
	{ ONE(STATUS, EQUALS, "revoked", "expired"), "21" },
	{ ONE(STATUS, NOT_EQUALS, "good"), "32" },
	{ ONE(NOT_AFTER, LESSER, "2023-11-26T22:13:20Z"), "21" },
	{ ONE(NOT_AFTER, LESSER_OR_EQUAL, "2023-11-26T23:13:20+01:00"), "321" },
	{ ONE(NOT_AFTER, GREATER, "2023-11-26 22:13:20.000"), "456" },
	{ ONE(NOT_AFTER, GREATER_OR_EQUAL, "2023-11-26T22:13:20"), "3456" },
	{ ONE(NOT_AFTER, EQUALS, "2023-11-26"), "3" },
	{ ONE(NOT_AFTER, EQUALS, "2023-11-26", "2023-11-24"), "31" },
	{ ONE(NOT_AFTER, NOT_EQUALS, "2023-11-26"), "65421" },
	{ ONE(NOT_BEFORE, GREATER, "2023-11-20"), "5" },
	{ ONE(ISSUED_AT, EQUALS, "2023-11-15T22:13:24Z"), "4" },
	{ NONE(REVOKED_AT, NOT_EMPTY), "32" },
	{ ONE(KEY_TYPE, EQUALS, "p256"), "654321" },
	{ ONE(KEY_BITS, GREATER, "256"), "1" },
	{ ONE(KEY_BITS, LESSER_OR_EQUAL, "256"), "65432" },
	{ ONE(REVOCATION_REASON, EQUALS, "6"), "3" },
	{ ONE(REVOCATION_REASON, NOT_EQUALS, "6"), "65421" },
	{ ONE(LINEAGE, EQUALS, L_LINE), "21" },
	{ NAMED(EQUALS, "Dept", "r&d"), "1" },
	{ NAMED(EQUALS, "u-1", "a%b"), "1" },
	{ NAMED(EQUALS, "dept", "r&d"), "" },
	{ NAMED(CONTAINS, "Dept", "%"), "1" },
	{ NAMED(STARTS_WITH, "Dept", "R&"), "1" },
	{ NAMED(NOT_EQUALS, "Dept", "x"), "654321" },
	{ NAMED(NOT_EQUALS, "Dept", "R&D"), "65432" },
	{ NAMED(GREATER, "floor", "9"), "1" },
	{ NAMED(LESSER, "floor", "9"), "" },
	{ NAMED(GREATER_OR_EQUAL, "Dept", "R&"), "1" },
	{ { { SEARCH_ATTRIBUTE, SEARCH_NOT_EMPTY, "floor", NULL, 0 } }, "1" },
	{ { { SEARCH_ATTRIBUTE, SEARCH_EMPTY, "floor", NULL, 0 } }, "65432" },
};

START_TEST(a_condition_finds_what_it_says)
	{
		insert_six();
		for (size_t i = 0; i < sizeof(FINDS) / sizeof(FINDS[0]); i++) {
			struct certificates_search search = {
				.conditions = FINDS[i].conditions,
				.condition_count = 1,
				.page_size = 10,
				.now = NOW,
			};

			fixture_search_is(&search, FINDS[i].numbers, (int)i);
			/* One at a time it is the same. */
			search.page_size = 1;
			fixture_search_is(&search, FINDS[i].numbers, (int)i);
		}
	}
END_TEST

static struct certificates_search
search_of(const struct search_condition *conditions, size_t count)
{
	return (struct certificates_search){
		.conditions = conditions, .condition_count = count, .page_size = 10, .now = NOW
	};
}

#define VALUES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__ \
	}

START_TEST(all_conditions_must_hold)
	{
		const struct search_condition conditions[] = {
			{ SEARCH_LINEAGE, SEARCH_EQUALS, NULL, VALUES(L_LINE), 1 },
			{ SEARCH_TEXT, SEARCH_CONTAINS, NULL, VALUES("a"), 1 },
			{ SEARCH_STATUS, SEARCH_NOT_EQUALS, NULL, VALUES("revoked"), 1 },
			{ SEARCH_NOT_AFTER, SEARCH_LESSER, NULL, VALUES("2023-11-25"), 1 },
			{ SEARCH_NOT_AFTER, SEARCH_GREATER, NULL, VALUES("2023-11-24"), 1 },
		};
		static const char *const numbers[] = { "654321", "21", "21", "1", "1", "" };
		struct certificates_search search = search_of(conditions, (size_t)_i);

		insert_six();
		fixture_search_is(&search, numbers[_i], _i);
		/* Both ends of a range at once, along its index. */
		search = search_of(conditions + 4, 1);
		fixture_search_is(&search, "23456", 10);
		search = search_of(conditions + 3, 2);
		fixture_search_is(&search, "", 11);
	}
END_TEST

/* What no field takes, no value is, or is too much of it. */
static const struct search_condition REFUSED[] = {
	{ SEARCH_TEXT, SEARCH_EQUALS, NULL, VALUES("a"), 1 },
	{ SEARCH_SUBJECT, SEARCH_GREATER, NULL, VALUES("a"), 1 },
	{ SEARCH_SUBJECT, SEARCH_EQUALS, NULL, NULL, 0 },
	{ SEARCH_SUBJECT, SEARCH_EMPTY, NULL, VALUES("a"), 1 },
	{ SEARCH_SUBJECT, SEARCH_CONTAINS, NULL, VALUES("\xff"), 1 },
	{ SEARCH_SUBJECT, SEARCH_CONTAINS, NULL, VALUES("\xc0\x80"), 1 },
	{ SEARCH_SUBJECT, SEARCH_CONTAINS, NULL, VALUES("\xed\xa0\x80"), 1 },
	{ SEARCH_SERIAL, SEARCH_EQUALS, NULL, VALUES("5g"), 1 },
	{ SEARCH_SERIAL, SEARCH_EQUALS, NULL, VALUES(""), 1 },
	{ SEARCH_SERIAL, SEARCH_STARTS_WITH, NULL, VALUES(":"), 1 },
	{ SEARCH_ID, SEARCH_EQUALS, NULL, VALUES("1"), 1 },
	{ SEARCH_ID, SEARCH_CONTAINS, NULL, VALUES("1"), 1 },
	{ SEARCH_REQUESTER, SEARCH_EQUALS, NULL, VALUES(L_LINE), 1 },
	{ SEARCH_REQUESTER, SEARCH_EQUALS, NULL, VALUES(REQUESTER "0"), 1 },
	{ SEARCH_STATUS, SEARCH_EQUALS, NULL, VALUES("Good"), 1 },
	{ SEARCH_STATUS, SEARCH_EQUALS, NULL, VALUES("revoked", ""), 2 },
	{ SEARCH_STATUS, SEARCH_EMPTY, NULL, NULL, 0 },
	{ SEARCH_NOT_AFTER, SEARCH_LESSER, NULL, VALUES("2023-02-29"), 1 },
	{ SEARCH_NOT_AFTER, SEARCH_LESSER, NULL, VALUES("2023-2-9"), 1 },
	{ SEARCH_NOT_AFTER, SEARCH_LESSER, NULL, VALUES("2023-02-09T"), 1 },
	{ SEARCH_NOT_AFTER, SEARCH_LESSER, NULL, VALUES("2023-02-09T24:00:00Z"), 1 },
	{ SEARCH_NOT_AFTER, SEARCH_LESSER, NULL, VALUES("2023-02-09T23:00:00Zulu"), 1 },
	{ SEARCH_NOT_AFTER, SEARCH_LESSER, NULL, VALUES("0999-12-31"), 1 },
	{ SEARCH_NOT_AFTER, SEARCH_GREATER, NULL, VALUES("9999-12-31"), 1 },
	{ SEARCH_NOT_AFTER, SEARCH_CONTAINS, NULL, VALUES("2023"), 1 },
	{ SEARCH_KEY_BITS, SEARCH_EQUALS, NULL, VALUES("256 "), 1 },
	{ SEARCH_KEY_BITS, SEARCH_EQUALS, NULL, VALUES("-"), 1 },
	{ SEARCH_KEY_BITS, SEARCH_EQUALS, NULL, VALUES("9223372036854775808"), 1 },
	{ SEARCH_ATTRIBUTE, SEARCH_EQUALS, NULL, VALUES("a"), 1 },
	{ (enum search_field)SEARCH_FIELDS, SEARCH_EQUALS, NULL, VALUES("a"), 1 },
	{ SEARCH_SUBJECT, (enum search_operator)SEARCH_OPERATORS, NULL, VALUES("a"), 1 },
};

static void
refuses(const struct certificates_search *search, enum error_code code, int which)
{
	struct certificates_visit visit = { fixture_search_note, NULL };
	struct certificates_found found;

	error_clear(&with_db_err);
	ck_assert_int_eq(certificates_search(with_db, search, visit, &found, &with_db_err), -1);
	ck_assert_msg(with_db_err.code == code, "%d: %s", which, with_db_err.text);
}

START_TEST(what_cannot_be_asked_is_refused)
	{
		for (size_t i = 0; i < sizeof(REFUSED) / sizeof(REFUSED[0]); i++) {
			struct certificates_search search = search_of(&REFUSED[i], 1);

			refuses(&search, ERR_VALIDATION, (int)i);
		}
	}
END_TEST

START_TEST(limits_are_kept)
	{
		static char longest[SEARCH_VALUE_OCTETS_MAX + 2];
		const char *values[SEARCH_VALUES_MAX + 1];
		struct search_condition many[SEARCH_CONDITIONS_MAX + 1];
		struct certificates_search search = search_of(many, SEARCH_CONDITIONS_MAX);

		memset(longest, '%', SEARCH_VALUE_OCTETS_MAX);
		for (size_t i = 0; i < SEARCH_VALUES_MAX + 1; i++)
			values[i] = longest;
		for (size_t i = 0; i < SEARCH_CONDITIONS_MAX + 1; i++)
			many[i] = (struct search_condition){ SEARCH_SAN, SEARCH_CONTAINS, NULL,
				values, SEARCH_VALUES_MAX / SEARCH_CONDITIONS_MAX };
		fixture_search_is(&search, "", 0);
		search.condition_count++;
		refuses(&search, ERR_VALIDATION, 1);
		search.condition_count = 1;
		many[0].value_count = SEARCH_VALUES_MAX;
		fixture_search_is(&search, "", 2);
		many[0].value_count++;
		refuses(&search, ERR_VALIDATION, 3);
		many[0].value_count = 1;
		longest[SEARCH_VALUE_OCTETS_MAX] = '%';
		refuses(&search, ERR_VALIDATION, 4);
		longest[SEARCH_VALUE_OCTETS_MAX] = '\0';
		search.page_size = 0;
		refuses(&search, ERR_VALIDATION, 5);
		search.page_size = SEARCH_PAGE_MAX + 1;
		refuses(&search, ERR_VALIDATION, 6);
	}
END_TEST

/* One page; the token for the next one is put where the search finds it. */
static void
page(struct certificates_search *search, char token[static SEARCH_TOKEN_MAX], const char *wanted)
{
	struct fixture_numbers numbers = { .text = "" };
	struct certificates_visit visit = { fixture_search_note, &numbers };
	struct certificates_found found;

	with_db_ok(certificates_search(with_db, search, visit, &found, &with_db_err));
	ck_assert_str_eq(numbers.text, wanted);
	memcpy(token, found.token, SEARCH_TOKEN_MAX);
	search->token = token;
}

/* Searches along an index each, with the pages of two that they give. */
static const struct {
	struct search_condition conditions[1];
	const char *pages[4];
} WALKS[] = {
	{ { { SEARCH_TYPE, SEARCH_EQUALS, NULL, VALUES("Static"), 1 } }, { "64", "32", "1" } },
	{ ONE(SERIAL, STARTS_WITH, "5"), { "12", "34", "56" } },
	{ ONE(COMMON_NAME, NOT_EQUALS, "x"), { "65", "43", "21" } },
	{ ONE(REQUESTER, EQUALS, REQUESTER), { "65", "43", "21" } },
	{ ONE(RA_PROFILE, EQUALS, "default"), { "65", "42", "1" } },
	{ ONE(RA_PROFILE_ID, EQUALS, Q_PROFILE, P_PROFILE), { "36", "54", "21" } },
	{ ONE(NOT_AFTER, GREATER, "2020-01-01"), { "12", "34", "56" } },
};

START_TEST(inserts_in_between_neither_repeat_nor_hide_any)
	{
		struct certificates_search search = search_of(WALKS[_i].conditions, 1);
		char token[SEARCH_TOKEN_MAX];

		insert_six();
		search.page_size = 2;
		for (uint8_t i = 0; i < 3; i++) {
			page(&search, token, WALKS[_i].pages[i]);
			/* In front of all, as what is issued: a newer id, and keys of before. */
			fixture_record((uint8_t)(20 + i), &record);
			record.serial[1] = 0;
			record.r.type = "DC";
			record.r.ra_profile_id = fixture_uuid('p');
			record.r.not_after = FIXTURE_NOT_BEFORE;
			fixture_insert(&record);
		}
		ck_assert_str_eq(token, "");
	}
END_TEST

START_TEST(a_token_is_of_one_search_and_whole)
	{
		struct search_condition conditions[] = {
			{ SEARCH_COMMON_NAME, SEARCH_STARTS_WITH, NULL, VALUES(""), 1 },
		};
		struct certificates_search search = search_of(conditions, 1);
		char token[SEARCH_TOKEN_MAX], other[2 * SEARCH_TOKEN_MAX];

		insert_six();
		search.page_size = 2;
		page(&search, token, "21");
		for (size_t i = 0; i < strlen(token); i++) {
			memcpy(other, token, sizeof(token));
			other[i] = '\0';
			search.token = other;
			if (i < 56) /* a shorter key is another one, but a key */
				refuses(&search, ERR_BAD_REQUEST, (int)i);
			other[i] = i < 13 ? (char)(token[i] ^ 1) : '=';
			refuses(&search, ERR_BAD_REQUEST, 1000 + (int)i);
		}
		memset(other, 'A', sizeof(other) - 1);
		other[sizeof(other) - 1] = '\0';
		refuses(&search, ERR_BAD_REQUEST, 2000);
		/* Another search with the same plan; the same one takes it, with another page size.
		 */
		search.token = token;
		conditions[0].values = VALUES("a");
		refuses(&search, ERR_BAD_REQUEST, 3000);
		conditions[0].values = VALUES("");
		search.page_size = 10;
		page(&search, token, "543");
	}
END_TEST

START_TEST(a_numbered_page_comes_with_the_total)
	{
		static const char *const pages[] = { "65", "42", "1", "" };
		struct search_condition conditions[] = { { SEARCH_RA_PROFILE, SEARCH_EQUALS, NULL,
		    VALUES("default"), 1 } };
		struct certificates_search search = search_of(conditions, 1);
		struct certificates_total total;

		insert_six();
		search.page_size = 2;
		for (size_t i = 0; i < 4; i++) {
			struct fixture_numbers numbers = { .text = "" };
			struct certificates_visit visit = { fixture_search_note, &numbers };

			search.page_number = i + 1;
			with_db_ok(certificates_search_numbered(
			    with_db, &search, visit, &total, &with_db_err));
			ck_assert_str_eq(numbers.text, pages[i]);
			ck_assert_uint_eq(total.count, 5);
			ck_assert(!total.is_at_least);
		}
	}
END_TEST

START_TEST(a_page_beyond_the_cap_is_refused)
	{
		static const size_t numbers[] = { 0, 11, SIZE_MAX, 10 };
		struct certificates_search search = search_of(NULL, 0);
		struct certificates_visit visit = { fixture_search_note, NULL };
		struct certificates_total total = { .count = 1 };

		search.page_size = 1000;
		search.page_number = numbers[_i];
		if (numbers[_i] == 10) {
			with_db_ok(certificates_search_numbered(
			    with_db, &search, visit, &total, &with_db_err));
			ck_assert_uint_eq(total.count, 0);
			return;
		}
		with_db_fails(
		    certificates_search_numbered(with_db, &search, visit, &total, &with_db_err),
		    ERR_VALIDATION);
		ck_assert_ptr_nonnull(strstr(with_db_err.text, "continuation token"));
	}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("certificates_search");
	TCase *tc = tcase_create("certificates_search");

	(void)argc;
	with_db_ensure(argv);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_condition_finds_what_it_says);
	tcase_add_loop_test(tc, all_conditions_must_hold, 0, 6);
	tcase_add_test(tc, what_cannot_be_asked_is_refused);
	tcase_add_test(tc, limits_are_kept);
	tcase_add_loop_test(tc, inserts_in_between_neither_repeat_nor_hide_any, 0, LENGTH(WALKS));
	tcase_add_test(tc, a_token_is_of_one_search_and_whole);
	tcase_add_test(tc, a_numbered_page_comes_with_the_total);
	tcase_add_loop_test(tc, a_page_beyond_the_cap_is_refused, 0, 4);
	suite_add_tcase(suite, tc);
	return with_db_run(suite);
}
