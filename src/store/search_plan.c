/* Which index serves a search, and within which bounds. */
#include "store/search_plan.h"

#include <string.h>

#include "store/search_field.h"
#include "store/search_value.h"
#include "store/search_where.h"

#define CERTIFICATE(index) "certificate c FORCE INDEX (" index ")"
#define JOIN(id) " STRAIGHT_JOIN certificate c ON c.id = " id

enum { PATTERN_MAX = 2 * SEARCH_VALUE_OCTETS_MAX + 1, OCTETS_MAX = 32, DAY_S = 86400 };

/* Their numbers stand in tokens: a new one goes to the end. */
enum plan {
	PLAN_ALL,
	PLAN_FINGERPRINTS,
	PLAN_SERIALS,
	PLAN_SERIAL,
	PLAN_COMMON_NAMES,
	PLAN_COMMON_NAME,
	PLAN_REQUESTER,
	PLAN_LINEAGE,
	PLAN_OWNERS,
	PLAN_OWNER,
	PLAN_GROUP,
	PLAN_RA_PROFILES,
	PLAN_RA_PROFILE,
	PLAN_EVENTS,
	PLAN_ENDING,
	PLAN_ENDED,
	PLANS
};

/*
 * One value of a key leaves its rows in the order of their ids, so the newest come first; several
 * come by key. The server sorts where an order names a column that has one value.
 */
static const struct search_plan LIST[PLANS] = {
	[PLAN_ALL] = { "all", CERTIFICATE("PRIMARY"), "", "c.id", NULL, "c.id", SEARCH_KEY_NONE,
	    true },
	[PLAN_FINGERPRINTS] = { "fingerprints", CERTIFICATE("certificate_fingerprint"), "", "c.id",
	    "c.fingerprint", NULL, SEARCH_KEY_BLOB, false },
	[PLAN_SERIALS] = { "serials", CERTIFICATE("certificate_serial"), "", "c.id", "c.serial",
	    "c.generation_id", SEARCH_KEY_BLOB, false },
	[PLAN_SERIAL] = { "serial", CERTIFICATE("certificate_serial"), "", "c.id", NULL,
	    "c.generation_id", SEARCH_KEY_NONE, false },
	[PLAN_COMMON_NAMES] = { "common names", CERTIFICATE("certificate_common_name"), "", "c.id",
	    "c.common_name", "c.id", SEARCH_KEY_TEXT, false },
	[PLAN_COMMON_NAME] = { "common name", CERTIFICATE("certificate_common_name"), "", "c.id",
	    NULL, "c.id", SEARCH_KEY_NONE, true },
	[PLAN_REQUESTER] = { "requester", CERTIFICATE("certificate_requester"), "", "c.id",
	    "c.issued_at", "c.id", SEARCH_KEY_TIME, true },
	[PLAN_LINEAGE] = { "lineage", CERTIFICATE("certificate_lineage"), "", "c.id", "c.issued_at",
	    "c.id", SEARCH_KEY_TIME, true },
	[PLAN_OWNERS] = { "owners", "certificate_owner o FORCE INDEX (certificate_owner_name)",
	    JOIN("o.certificate_id"), "o.certificate_id", "o.owner", "o.certificate_id",
	    SEARCH_KEY_TEXT, false },
	[PLAN_OWNER] = { "owner", "certificate_owner o FORCE INDEX (certificate_owner_name)",
	    JOIN("o.certificate_id"), "o.certificate_id", NULL, "o.certificate_id", SEARCH_KEY_NONE,
	    true },
	[PLAN_GROUP] = { "group", "certificate_group_member gm FORCE INDEX (PRIMARY)",
	    JOIN("gm.certificate_id"), "gm.certificate_id", NULL, "gm.certificate_id",
	    SEARCH_KEY_NONE, true },
	[PLAN_RA_PROFILES] = { "RA profiles", CERTIFICATE("certificate_ra_profile"), "", "c.id",
	    "c.ra_profile_id", "c.id", SEARCH_KEY_BLOB, true },
	[PLAN_RA_PROFILE] = { "RA profile", CERTIFICATE("certificate_ra_profile"), "", "c.id", NULL,
	    "c.id", SEARCH_KEY_NONE, true },
	/* A certificate comes once for each of its events, one behind the other. */
	[PLAN_EVENTS] = { "events", "revocation_event e FORCE INDEX (revocation_event_certificate)",
	    JOIN("e.certificate_id"), "e.certificate_id", NULL, "e.certificate_id", SEARCH_KEY_NONE,
	    true },
	[PLAN_ENDING] = { "ending", CERTIFICATE("certificate_not_after"), "", "c.id", "c.not_after",
	    "c.id", SEARCH_KEY_TIME, false },
	[PLAN_ENDED] = { "ended", CERTIFICATE("certificate_not_after"), "", "c.id", "c.not_after",
	    "c.id", SEARCH_KEY_TIME, true },
};

/* How a value becomes the arguments of a bound. */
enum bound {
	BOUND_TEXT,
	BOUND_TWICE,
	BOUND_PREFIX,
	BOUND_HEX,
	BOUND_SERIAL_PREFIX,
	BOUND_FINGERPRINT_PREFIX,
	BOUND_ID,
	BOUND_REQUESTER
};

/* Most wanted first. */
static const struct rule {
	enum search_field field;
	enum search_operator op;
	enum plan one;
	enum plan many; /* PLANS: only one value is served */
	bool is_exact;  /* the bound says all that the condition says */
	enum bound bound;
	const char *sql;
} RULES[] = {
	{ SEARCH_ID, SEARCH_EQUALS, PLAN_ALL, PLANS, true, BOUND_ID, "c.id = ?" },
	{ SEARCH_FINGERPRINT, SEARCH_EQUALS, PLAN_FINGERPRINTS, PLAN_FINGERPRINTS, true, BOUND_HEX,
	    "c.fingerprint = ?" },
	{ SEARCH_SERIAL, SEARCH_EQUALS, PLAN_SERIAL, PLAN_SERIALS, true, BOUND_HEX,
	    "c.serial = ?" },
	{ SEARCH_LINEAGE, SEARCH_EQUALS, PLAN_LINEAGE, PLANS, true, BOUND_ID, "c.lineage = ?" },
	{ SEARCH_COMMON_NAME, SEARCH_EQUALS, PLAN_COMMON_NAME, PLAN_COMMON_NAMES, false, BOUND_TEXT,
	    "c.common_name = ?" },
	{ SEARCH_REQUESTER, SEARCH_EQUALS, PLAN_REQUESTER, PLANS, true, BOUND_REQUESTER,
	    "c.requester_tenant = ? AND c.requester_object = ?" },
	{ SEARCH_FINGERPRINT, SEARCH_STARTS_WITH, PLAN_FINGERPRINTS, PLAN_FINGERPRINTS, true,
	    BOUND_FINGERPRINT_PREFIX, "c.fingerprint >= ? AND c.fingerprint <= ?" },
	{ SEARCH_SERIAL, SEARCH_STARTS_WITH, PLAN_SERIALS, PLAN_SERIALS, true, BOUND_SERIAL_PREFIX,
	    "c.serial >= ? AND c.serial <= ?" },
	{ SEARCH_COMMON_NAME, SEARCH_STARTS_WITH, PLAN_COMMON_NAMES, PLAN_COMMON_NAMES, false,
	    BOUND_PREFIX, "c.common_name LIKE ? ESCAPE '!'" },
	{ SEARCH_OWNER, SEARCH_EQUALS, PLAN_OWNER, PLAN_OWNERS, false, BOUND_TEXT, "o.owner = ?" },
	{ SEARCH_OWNER, SEARCH_STARTS_WITH, PLAN_OWNERS, PLAN_OWNERS, false, BOUND_PREFIX,
	    "o.owner LIKE ? ESCAPE '!'" },
	/* Of several groups a certificate may be in more than one, and would come as often. */
	{ SEARCH_GROUP_ID, SEARCH_EQUALS, PLAN_GROUP, PLANS, true, BOUND_ID, "gm.group_id = ?" },
	{ SEARCH_GROUP, SEARCH_EQUALS, PLAN_GROUP, PLANS, true, BOUND_TEXT,
	    "gm.group_id = (SELECT x.id FROM certificate_group x WHERE x.name = ?)" },
	{ SEARCH_RA_PROFILE_ID, SEARCH_EQUALS, PLAN_RA_PROFILE, PLAN_RA_PROFILES, true, BOUND_ID,
	    "c.ra_profile_id = ?" },
	{ SEARCH_RA_PROFILE, SEARCH_EQUALS, PLAN_RA_PROFILE, PLAN_RA_PROFILES, true, BOUND_TWICE,
	    "c.ra_profile_id = (SELECT x.id FROM ra_profile x WHERE x.name = CONVERT(? USING ascii)"
	    " AND BINARY x.name = ?)" },
};

enum { RULES_COUNT = sizeof(RULES) / sizeof(RULES[0]) };

const struct search_plan *
search_plan(size_t number)
{
	return number < PLANS ? &LIST[number] : NULL;
}

void
search_choice_release(struct search_choice *choice)
{
	search_sql_release(&choice->bounds);
	search_sql_release(&choice->rest);
}

/* The digits as octets, the last half filled with this digit; then the octet up to a length. */
static void
add_filled(struct search_sql *sql, struct bytes digits, char digit, size_t len)
{
	uint8_t octets[OCTETS_MAX + 1] = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < digits.len && count < sizeof(octets); i += 2) {
		const uint8_t pair[2] = { digits.ptr[i],
			i + 1 < digits.len ? digits.ptr[i + 1] : (uint8_t)digit };

		for (size_t j = 0; j < 2; j++)
			octets[count] =
			    (uint8_t)(octets[count] << 4 |
				      (pair[j] <= '9' ? pair[j] - '0' : pair[j] - 'A' + 10));
		count++;
	}
	while (count < len)
		octets[count++] = digit == 'F' ? 0xff : 0;
	search_sql_blob(sql, bytes_of(octets, count));
}

static int
add_hex(struct search_sql *sql, enum bound bound, const char *value, struct error *err)
{
	cleanup(buf_release) struct buf digits = BUF_INIT(SEARCH_VALUE_OCTETS_MAX + 1);
	cleanup(buf_release) struct buf read = BUF_INIT(SEARCH_VALUE_OCTETS_MAX);

	if (search_value_hex(value, &read, err) < 0)
		return -1;
	if (bound == BOUND_HEX && read.len % 2 == 1)
		buf_add_byte(&digits, '0');
	buf_add(&digits, buf_bytes(&read));
	add_filled(sql, buf_bytes(&digits), '0', 0);
	/* No longer than the column, else the server would cut it. */
	if (bound != BOUND_HEX)
		add_filled(sql, buf_bytes(&digits), 'F',
		    bound == BOUND_SERIAL_PREFIX ? CERTIFICATE_ROW_SERIAL_MAX : OCTETS_MAX);
	return 0;
}

static int
add_id(struct search_sql *sql, const char *value, struct error *err)
{
	struct uuid id;

	if (uuid_parse(value, &id, err) < 0)
		return -1;
	search_sql_blob(sql, bytes_of(id.octets, sizeof(id.octets)));
	return 0;
}

static int
add_requester(struct search_sql *sql, const char *value, struct error *err)
{
	uint8_t both[SEARCH_WHERE_REQUESTER_SIZE];

	if (search_where_requester(value, both, err) < 0)
		return -1;
	search_sql_blob(sql, bytes_of(both, UUID_SIZE));
	search_sql_blob(sql, bytes_of(both + UUID_SIZE, UUID_SIZE));
	return 0;
}

static void
add_prefix(struct search_sql *sql, const char *value)
{
	cleanup(buf_release) struct buf pattern = BUF_INIT(PATTERN_MAX);

	search_value_pattern("", bytes_text(value), "%", &pattern);
	search_sql_text(sql, buf_bytes(&pattern));
}

static int
add_bound(struct search_sql *sql, enum bound bound, const char *value, struct error *err)
{
	switch (bound) {
	case BOUND_TWICE:
		search_sql_text(sql, bytes_text(value));
		search_sql_text(sql, bytes_text(value));
		return 0;
	case BOUND_TEXT:
		search_sql_text(sql, bytes_text(value));
		return 0;
	case BOUND_PREFIX:
		add_prefix(sql, value);
		return 0;
	case BOUND_HEX:
	case BOUND_SERIAL_PREFIX:
	case BOUND_FINGERPRINT_PREFIX:
		return add_hex(sql, bound, value, err);
	case BOUND_ID:
		return add_id(sql, value, err);
	case BOUND_REQUESTER:
		return add_requester(sql, value, err);
	}
	return error_set(err, ERR_INTERNAL, "unknown kind of bound");
}

static bool
serves(const struct rule *rule, const struct search_condition *condition)
{
	return rule->field == condition->field && rule->op == condition->op &&
	       (condition->value_count == 1 || rule->many != PLANS);
}

/* What a choice is made from, and which conditions its bounds say all of. */
struct choosing {
	const struct certificates_search *search;
	struct search_choice *choice;
	bool is_said[SEARCH_CONDITIONS_MAX];
};

static void
set_plan(struct choosing *c, enum plan plan)
{
	c->choice->number = plan;
	c->choice->plan = &LIST[plan];
}

static int
follow(struct choosing *c, const struct rule *rule, size_t at, struct error *err)
{
	const struct search_condition *condition = &c->search->conditions[at];
	struct search_sql *bounds = &c->choice->bounds;

	search_sql_add(bounds, " AND (");
	for (size_t i = 0; i < condition->value_count; i++) {
		search_sql_add(bounds, i > 0 ? " OR (" : "(");
		search_sql_add(bounds, rule->sql);
		search_sql_add(bounds, ")");
		if (add_bound(bounds, rule->bound, condition->values[i], err) < 0)
			return -1;
	}
	search_sql_add(bounds, ")");
	c->is_said[at] = rule->is_exact;
	set_plan(c, condition->value_count == 1 ? rule->one : rule->many);
	return 0;
}

/* Whether a rule was followed. */
static int
choose_by_rule(struct choosing *c, bool *chosen, struct error *err)
{
	for (size_t i = 0; i < RULES_COUNT; i++)
		for (size_t at = 0; at < c->search->condition_count; at++)
			if (serves(&RULES[i], &c->search->conditions[at])) {
				*chosen = true;
				return follow(c, &RULES[i], at, err);
			}
	return 0;
}

/* Only what was held or revoked once has events. */
static bool
asks_for_events(const struct search_condition *condition)
{
	if (condition->field != SEARCH_STATUS || condition->op != SEARCH_EQUALS)
		return false;
	for (size_t i = 0; i < condition->value_count; i++)
		if (strcmp(condition->values[i], "hold") != 0 &&
		    strcmp(condition->values[i], "revoked") != 0)
			return false;
	return true;
}

/* Bounds of the end of validity; what no condition sets stays open. */
struct range {
	bool has_from;
	bool has_until;
	int64_t from;  /* inclusive */
	int64_t until; /* exclusive */
};

static void
range_from(struct range *range, int64_t from)
{
	range->from = range->has_from && range->from > from ? range->from : from;
	range->has_from = true;
}

static void
range_until(struct range *range, int64_t until)
{
	range->until = range->has_until && range->until < until ? range->until : until;
	range->has_until = true;
}

static int
narrow_by_time(const struct search_condition *condition, struct range *range, struct error *err)
{
	struct search_span span;

	if (search_value_time(condition->values[0], &span, err) < 0)
		return -1;
	if (condition->op == SEARCH_EQUALS || condition->op == SEARCH_GREATER_OR_EQUAL)
		range_from(range, span.from);
	if (condition->op == SEARCH_EQUALS || condition->op == SEARCH_LESSER_OR_EQUAL)
		range_until(range, span.until);
	if (condition->op == SEARCH_GREATER)
		range_from(range, span.until);
	if (condition->op == SEARCH_LESSER)
		range_until(range, span.from);
	return 0;
}

static bool
is_time_range(enum search_operator op)
{
	return op == SEARCH_EQUALS || op >= SEARCH_GREATER;
}

/* Narrows the range; *said whether that says all of the condition. */
static int
narrow(const struct choosing *c, size_t at, struct range *range, bool *said, struct error *err)
{
	const struct search_condition *condition = &c->search->conditions[at];

	*said = false;
	if (condition->value_count != 1)
		return 0;
	if (condition->field == SEARCH_NOT_AFTER && is_time_range(condition->op)) {
		*said = true;
		return narrow_by_time(condition, range, err);
	}
	if (condition->field != SEARCH_STATUS || condition->op != SEARCH_EQUALS)
		return 0;
	if (strcmp(condition->values[0], "expired") == 0) {
		*said = true;
		range_until(range, c->search->now);
	} else if (strcmp(condition->values[0], "expiring") == 0) {
		range_from(range, c->search->now);
		range_until(range, c->search->now + SEARCH_EXPIRING_DAYS * (int64_t)DAY_S);
	}
	return 0;
}

/* Along the end of validity: what ends first comes first, unless the past has no beginning. */
static int
choose_by_end(struct choosing *c, struct error *err)
{
	struct search_sql *bounds = &c->choice->bounds;
	struct range range = { .has_from = false };

	for (size_t at = 0; at < c->search->condition_count; at++)
		if (narrow(c, at, &range, &c->is_said[at], err) < 0)
			return -1;
	if (range.has_from) {
		search_sql_add(bounds, " AND c.not_after >= ?");
		search_sql_time(bounds, range.from);
	}
	if (range.has_until) {
		search_sql_add(bounds, " AND c.not_after < ?");
		search_sql_time(bounds, range.until);
	}
	if (range.has_from || range.has_until)
		set_plan(c, range.has_from ? PLAN_ENDING : PLAN_ENDED);
	return 0;
}

static int
choose(struct choosing *c, struct error *err)
{
	bool chosen = false;

	set_plan(c, PLAN_ALL);
	if (choose_by_rule(c, &chosen, err) < 0)
		return -1;
	for (size_t at = 0; !chosen && at < c->search->condition_count; at++)
		if (asks_for_events(&c->search->conditions[at])) {
			set_plan(c, PLAN_EVENTS);
			chosen = true;
		}
	return chosen ? 0 : choose_by_end(c, err);
}

static int
add_rest(const struct choosing *c, struct error *err)
{
	struct search_sql *rest = &c->choice->rest;

	for (size_t at = 0; at < c->search->condition_count; at++) {
		if (c->is_said[at])
			continue;
		if (rest->text.len > 0)
			search_sql_add(rest, " AND ");
		if (search_where_add(rest, &c->search->conditions[at], c->search->now, err) < 0)
			return -1;
	}
	return 0;
}

static int
check(const struct certificates_search *search, struct error *err)
{
	size_t values = 0;

	if (search->condition_count > SEARCH_CONDITIONS_MAX)
		return error_set(err, ERR_VALIDATION, "%zu filters, at most %d are taken",
		    search->condition_count, SEARCH_CONDITIONS_MAX);
	for (size_t i = 0; i < search->condition_count; i++) {
		values += search->conditions[i].value_count;
		if (values > SEARCH_VALUES_MAX)
			return error_set(err, ERR_VALIDATION, "more than %d values in the filters",
			    SEARCH_VALUES_MAX);
		if (search_where_check(&search->conditions[i], search->now, err) < 0)
			return -1;
	}
	return 0;
}

int
search_plan_choose(
    const struct certificates_search *search, struct search_choice *out, struct error *err)
{
	struct choosing c = { .search = search, .choice = out };

	search_sql_init(&out->bounds);
	search_sql_init(&out->rest);
	return check(search, err) < 0 || choose(&c, err) < 0 || add_rest(&c, err) < 0 ? -1 : 0;
}
