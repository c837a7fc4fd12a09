/* The parameters of the audit log's search. */
#include "api/management/audit_logs_query.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/management/audit_logs_names.h"
#include "http/query.h"

enum { SIZE_DEFAULT = 10, NUMBER_MAX = 12 };
static const int64_t DAY_MS = INT64_C(86400000);

struct number {
	const char *name;
	int64_t min;
	int64_t max;
	int64_t fallback;
};

static int
read_number(const char *text, const struct number *number, int64_t *out, struct error *err)
{
	char value[NUMBER_MAX] = "";
	int64_t found;

	if (query_get(text, number->name, value, sizeof(value), err) < 0)
		return -1;
	*out = number->fallback;
	if (value[0] == '\0')
		return 0;
	found = strtoll(value, NULL, 10);
	if (value[strspn(value, "0123456789")] != '\0' || found < number->min ||
	    found > number->max)
		return error_set(err, ERR_BAD_REQUEST,
		    "%s is not a number between %" PRId64 " and %" PRId64, number->name,
		    number->min, number->max);
	*out = found;
	return 0;
}

static int
digits(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

static bool
is_date(const char *text)
{
	static const char pattern[] = "0000-00-00";

	if (strlen(text) != sizeof(pattern) - 1)
		return false;
	for (size_t i = 0; pattern[i] != '\0'; i++)
		if (pattern[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != '-')
			return false;
	return true;
}

/* Days since 1970-01-01; the calendar of 400 years repeats, and counted from March it is regular.
 */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int
read_date(const char *text, const char *name, int64_t *out, struct error *err)
{
	char value[AUDIT_LOGS_NAME_MAX] = "";
	int month, day;

	if (query_get(text, name, value, sizeof(value), err) < 0)
		return -1;
	if (value[0] == '\0')
		return 0;
	if (!is_date(value))
		return error_set(err, ERR_BAD_REQUEST, "%s is not a date yyyy-MM-dd", name);
	month = digits(value + 5, 2);
	day = digits(value + 8, 2);
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return error_set(err, ERR_BAD_REQUEST, "%s is not a date yyyy-MM-dd", name);
	*out = days_of(digits(value, 4), month, day) * DAY_MS;
	return 0;
}

static int
read_name(const char *text, const char *name, char out[static AUDIT_LOGS_NAME_MAX],
    bool (*is_value)(const char *value), struct error *err)
{
	if (query_get(text, name, out, AUDIT_LOGS_NAME_MAX, err) < 0)
		return -1;
	if (out[0] != '\0' && !is_value(out))
		return error_set(err, ERR_BAD_REQUEST, "there is no %s %s", name, out);
	return 0;
}

static int
read_token(const char *text, struct uuid *below, struct error *err)
{
	char value[UUID_TEXT_MAX] = "";

	memset(below, 0xff, sizeof(*below));
	if (query_get(text, "continuationToken", value, sizeof(value), err) < 0)
		return -1;
	if (value[0] == '\0' || uuid_parse(value, below, err) == 0)
		return 0;
	error_clear(err);
	return error_set(err, ERR_BAD_REQUEST, "the continuationToken is none of ours");
}

static int
read_page(const char *text, struct audit_logs_query *out, struct error *err)
{
	static const struct number page = { "page", 0, 1000000, 0 };
	static const struct number size = { "size", 1, 1000000, SIZE_DEFAULT };

	if (read_number(text, &page, &out->page, err) < 0)
		return -1;
	if (read_number(text, &size, &out->size, err) < 0)
		return -1;
	if (out->size > AUDIT_LOGS_SIZE_MAX)
		out->size = AUDIT_LOGS_SIZE_MAX;
	return 0;
}

int
audit_logs_query_read(const char *text, struct audit_logs_query *out, struct error *err)
{
	*out = (struct audit_logs_query){ .to_ms = INT64_MAX - DAY_MS };
	if (read_page(text, out, err) < 0 || read_token(text, &out->below, err) < 0 ||
	    query_get(text, "author", out->author, sizeof(out->author), err) < 0 ||
	    query_get(text, "objectIdentifier", out->object, sizeof(out->object), err) < 0 ||
	    read_date(text, "createdFrom", &out->from_ms, err) < 0 ||
	    read_date(text, "createdTo", &out->to_ms, err) < 0 ||
	    read_name(text, "operationStatus", out->status, audit_logs_is_status, err) < 0 ||
	    read_name(text, "origination", out->origination, audit_logs_is_module, err) < 0 ||
	    read_name(text, "affected", out->affected, audit_logs_is_module, err) < 0)
		return -1;
	out->to_ms += DAY_MS;
	return read_name(text, "operation", out->operation, audit_logs_is_operation, err);
}

static bool
is_asked(const char *asked, const char *value)
{
	return asked[0] == '\0' || strcmp(asked, value) == 0;
}

static bool
is_asked_bytes(const char *asked, struct bytes value)
{
	return asked[0] == '\0' || bytes_equal_text(value, asked);
}

bool
audit_logs_query_fits(const struct audit_logs_query *query, const struct audit_head *head)
{
	return head->at_ms >= query->from_ms && head->at_ms < query->to_ms &&
	       is_asked_bytes(query->author, head->actor) &&
	       is_asked_bytes(query->object, head->object_name) &&
	       is_asked(query->status, audit_logs_status(head)) &&
	       is_asked(query->origination, audit_logs_origination(head)) &&
	       is_asked(query->affected, audit_logs_affected(head)) &&
	       is_asked(query->operation, audit_logs_operation(head));
}
