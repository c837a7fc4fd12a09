/* The shape of the data of each content type, as CZERTAINLY's clients write it. */
#include "enroll/attributes/attribute_content_data.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/uuid.h"
#include "enroll/attributes/attribute_content.h"

static int
refuse(struct error *err, const char *wanted)
{
	return error_set(err, ERR_VALIDATION, "the data is not %s", wanted);
}

static int
hand_out(struct json_object *made, struct json_object **out, struct error *err)
{
	if (made == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory for a custom attribute");
	*out = made;
	return 0;
}

static struct bytes
text_of(struct json_object *data)
{
	return bytes_of(json_object_get_string(data), (size_t)json_object_get_string_len(data));
}

static bool
is_text(struct json_object *data, size_t max)
{
	return json_object_is_type(data, json_type_string) &&
	       (size_t)json_object_get_string_len(data) <= max;
}

static int
read_text_up_to(struct json_object *data, int max, struct json_object **out, struct error *err)
{
	if (!json_object_is_type(data, json_type_string))
		return refuse(err, "a text");
	if (!is_text(data, (size_t)max))
		return error_set(err, ERR_VALIDATION, "the text has more than %d octets", max);
	*out = json_object_get(data);
	return 0;
}

static int
read_string(struct json_object *data, struct json_object **out, struct error *err)
{
	return read_text_up_to(data, ATTRIBUTE_STRING_MAX, out, err);
}

static int
read_text(struct json_object *data, struct json_object **out, struct error *err)
{
	return read_text_up_to(data, ATTRIBUTE_DATA_MAX, out, err);
}

/* Whether it was a whole number and nothing else; strtol would pass leading blanks. */
static bool
scan_integer(const char *text, int64_t *out)
{
	char *end = NULL;
	long long value;

	if (text[0] != '-' && (text[0] < '0' || text[0] > '9'))
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	*out = value;
	return errno == 0 && end != text && *end == '\0';
}

/* Forms send what was typed as a text. */
static int
read_integer(struct json_object *data, struct json_object **out, struct error *err)
{
	int64_t value = 0;

	if (json_object_is_type(data, json_type_int))
		value = json_object_get_int64(data);
	else if (!is_text(data, 20) || !scan_integer(json_object_get_string(data), &value))
		return refuse(err, "an integer");
	if (value < INT32_MIN || value > INT32_MAX)
		return error_set(err, ERR_VALIDATION,
		    "the integer is not between %" PRId32 " and %" PRId32, INT32_MIN, INT32_MAX);
	return hand_out(json_object_new_int64(value), out, err);
}

static bool
scan_float(const char *text, double *out)
{
	char *end = NULL;

	/* No "inf", no "nan", no hexadecimal digits. */
	if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
		return false;
	*out = strtod(text, &end);
	return *end == '\0';
}

static int
read_float(struct json_object *data, struct json_object **out, struct error *err)
{
	double value = 0;

	if (json_object_is_type(data, json_type_double) || json_object_is_type(data, json_type_int))
		value = json_object_get_double(data);
	else if (!is_text(data, 64) || !scan_float(json_object_get_string(data), &value))
		return refuse(err, "a number");
	if (!isfinite(value))
		return refuse(err, "a finite number");
	return hand_out(json_object_new_double(value), out, err);
}

static int
read_boolean(struct json_object *data, struct json_object **out, struct error *err)
{
	if (json_object_is_type(data, json_type_boolean))
		return hand_out(json_object_new_boolean(json_object_get_boolean(data)), out, err);
	if (is_text(data, 5) && strcmp(json_object_get_string(data), "true") == 0)
		return hand_out(json_object_new_boolean(true), out, err);
	if (is_text(data, 5) && strcmp(json_object_get_string(data), "false") == 0)
		return hand_out(json_object_new_boolean(false), out, err);
	return refuse(err, "a boolean");
}

/*
 * Whether the text begins as the pattern says, where 0 stands for any digit and everything else for
 * itself; *text is moved behind it.
 */
static bool
scan_pattern(const char **text, const char *pattern)
{
	const char *at = *text;

	for (; *pattern != '\0'; pattern++, at++)
		if (*pattern == '0' ? *at < '0' || *at > '9' : *at != *pattern)
			return false;
	*text = at;
	return true;
}

static int
two_digits(const char *text)
{
	return (text[0] - '0') * 10 + (text[1] - '0');
}

static int
days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && is_leap ? 29 : days[month - 1];
}

static bool
scan_date(const char **text)
{
	const char *date = *text;
	int year, month, day;

	if (!scan_pattern(text, "0000-00-00"))
		return false;
	year = two_digits(date) * 100 + two_digits(date + 2);
	month = two_digits(date + 5);
	day = two_digits(date + 8);
	return month >= 1 && month <= 12 && day >= 1 && day <= days_of_month(year, month);
}

static bool
scan_time(const char **text)
{
	const char *time = *text;

	return scan_pattern(text, "00:00:00") && two_digits(time) <= 23 &&
	       two_digits(time + 3) <= 59 && two_digits(time + 6) <= 59;
}

/* Z, or an offset of at most 18 hours (ISO 8601; that limit is java.time's). */
static bool
scan_offset(const char **text)
{
	const char *offset = *text;

	if (scan_pattern(text, "Z"))
		return true;
	if (!scan_pattern(text, "+00:00") && !scan_pattern(text, "-00:00"))
		return false;
	return two_digits(offset + 4) <= 59 &&
	       two_digits(offset + 1) * 60 + two_digits(offset + 4) <= 18 * 60;
}

static bool
scan_date_time(const char **text)
{
	if (!scan_date(text) || !scan_pattern(text, "T") || !scan_time(text))
		return false;
	if (**text == '.') {
		size_t digits = strspn(*text + 1, "0123456789");

		if (digits == 0 || digits > 9)
			return false;
		*text += 1 + digits;
	}
	return scan_offset(text);
}

static bool
is_whole(struct json_object *data, bool (*scan)(const char **text))
{
	const char *text;

	if (!is_text(data, 64))
		return false;
	text = json_object_get_string(data);
	return scan(&text) && *text == '\0';
}

static int
read_date(struct json_object *data, struct json_object **out, struct error *err)
{
	if (!is_whole(data, scan_date))
		return refuse(err, "a date yyyy-MM-dd");
	*out = json_object_get(data);
	return 0;
}

static int
read_time(struct json_object *data, struct json_object **out, struct error *err)
{
	if (!is_whole(data, scan_time))
		return refuse(err, "a time HH:mm:ss");
	*out = json_object_get(data);
	return 0;
}

static int
read_date_time(struct json_object *data, struct json_object **out, struct error *err)
{
	if (!is_whole(data, scan_date_time))
		return refuse(err, "a date and time with an offset, yyyy-MM-ddTHH:mm:ss.SSSXXX");
	*out = json_object_get(data);
	return 0;
}

/* Copies a member that is a text of 1 to max octets. */
static int
copy_text(struct json_object *from, struct json_object *to, const char *name, size_t max,
    struct error *err)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(from, json_type_object) ||
	    !json_object_object_get_ex(from, name, &value) || !is_text(value, max) ||
	    json_object_get_string_len(value) == 0)
		return error_set(
		    err, ERR_VALIDATION, "the data has no %s of 1 to %zu octets", name, max);
	if (json_object_object_add(to, name, json_object_get(value)) < 0) {
		json_object_put(value);
		return error_set(err, ERR_INTERNAL, "out of memory for a custom attribute");
	}
	return 0;
}

/* The same where it may be absent, null or empty. */
static int
copy_optional(struct json_object *from, struct json_object *to, const char *name, struct error *err)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(from, json_type_object) ||
	    !json_object_object_get_ex(from, name, &value) || value == NULL || (is_text(value, 0)))
		return 0;
	return copy_text(from, to, name, ATTRIBUTE_STRING_MAX, err);
}

static int
check_base64(struct json_object *data, const char *name, struct error *err)
{
	cleanup(buf_release) struct buf decoded = BUF_INIT(ATTRIBUTE_DATA_MAX);
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(data, name, &value);
	if (base64_decode(text_of(value), &decoded, err) == 0 && !buf_failed(&decoded))
		return 0;
	error_clear(err);
	return error_set(err, ERR_VALIDATION, "%s is not base64", name);
}

static int
read_secret(struct json_object *data, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_object();

	if (copy_text(data, made, "secret", ATTRIBUTE_SECRET_MAX, err) < 0 ||
	    copy_optional(data, made, "protectionLevel", err) < 0)
		return -1;
	return hand_out(take(made), out, err);
}

static int
read_file(struct json_object *data, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_object();

	if (copy_text(data, made, "content", ATTRIBUTE_DATA_MAX, err) < 0 ||
	    check_base64(data, "content", err) < 0 ||
	    copy_text(data, made, "fileName", ATTRIBUTE_STRING_MAX, err) < 0 ||
	    copy_text(data, made, "mimeType", ATTRIBUTE_STRING_MAX, err) < 0)
		return -1;
	return hand_out(take(made), out, err);
}

/* Members of a credential may be secrets, and nothing here could use them. */
static int
refuse_attributes(struct json_object *data, struct error *err)
{
	struct json_object *attributes = NULL;

	if (!json_object_object_get_ex(data, "attributes", &attributes) || attributes == NULL)
		return 0;
	if (json_object_is_type(attributes, json_type_array) &&
	    json_object_array_length(attributes) == 0)
		return 0;
	return error_set(err, ERR_VALIDATION, "the attributes of a credential are not stored");
}

static int
check_uuid(struct json_object *data, struct error *err)
{
	struct uuid id;
	struct json_object *value = NULL;

	(void)json_object_object_get_ex(data, "uuid", &value);
	if (uuid_parse(json_object_get_string(value), &id, err) == 0)
		return 0;
	error_clear(err);
	return error_set(err, ERR_VALIDATION, "uuid is not a UUID");
}

static int
read_credential(struct json_object *data, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_object();

	if (copy_text(data, made, "uuid", UUID_TEXT_MAX - 1, err) < 0 ||
	    check_uuid(data, err) < 0 ||
	    copy_text(data, made, "name", ATTRIBUTE_STRING_MAX, err) < 0 ||
	    copy_text(data, made, "kind", ATTRIBUTE_STRING_MAX, err) < 0 ||
	    refuse_attributes(data, err) < 0)
		return -1;
	if (json_object_object_add(made, "attributes", json_object_new_array()) < 0)
		return error_set(err, ERR_INTERNAL, "out of memory for a custom attribute");
	return hand_out(take(made), out, err);
}

/* The published list of languages. */
static bool
is_language(const char *language)
{
	static const char *const languages[] = { "apacheconf", "bash", "basic", "c", "csharp",
		"cpp", "css", "docker", "fsharp", "gherkin", "git", "go", "graphql", "html", "http",
		"ini", "java", "javascript", "json", "kotlin", "latex", "lisp", "makefile",
		"markdown", "matlab", "nginx", "objectivec", "perl", "php", "powershell",
		"properties", "python", "ruby", "rust", "smalltalk", "sql", "typescript", "vbnet",
		"xquery", "xml", "yaml" };

	for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++)
		if (strcmp(language, languages[i]) == 0)
			return true;
	return false;
}

static int
read_codeblock(struct json_object *data, struct json_object **out, struct error *err)
{
	cleanup(json_object_putp) struct json_object *made = json_object_new_object();
	struct json_object *language = NULL;

	if (copy_text(data, made, "language", 32, err) < 0 ||
	    copy_text(data, made, "code", ATTRIBUTE_DATA_MAX, err) < 0 ||
	    check_base64(data, "code", err) < 0)
		return -1;
	(void)json_object_object_get_ex(data, "language", &language);
	if (!is_language(json_object_get_string(language)))
		return refuse(err, "code in a language of the published list");
	return hand_out(take(made), out, err);
}

static int
read_object(struct json_object *data, struct json_object **out, struct error *err)
{
	if (!json_object_is_type(data, json_type_object))
		return refuse(err, "an object");
	if (strlen(json_object_to_json_string_ext(data, JSON_C_TO_STRING_PLAIN)) >
	    ATTRIBUTE_DATA_MAX)
		return error_set(
		    err, ERR_VALIDATION, "the object has more than %d octets", ATTRIBUTE_DATA_MAX);
	*out = json_object_get(data);
	return 0;
}

static const struct {
	const char *content_type;
	attribute_data_reader *read;
} READERS[] = {
	{ "string", read_string },
	{ "text", read_text },
	{ "integer", read_integer },
	{ "boolean", read_boolean },
	{ "float", read_float },
	{ "date", read_date },
	{ "time", read_time },
	{ "datetime", read_date_time },
	{ "secret", read_secret },
	{ "file", read_file },
	{ "credential", read_credential },
	{ "codeblock", read_codeblock },
	{ "object", read_object },
};

attribute_data_reader *
attribute_content_data_reader(const char *content_type)
{
	for (size_t i = 0; i < sizeof(READERS) / sizeof(READERS[0]); i++)
		if (strcmp(READERS[i].content_type, content_type) == 0)
			return READERS[i].read;
	return NULL;
}
