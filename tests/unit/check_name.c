/* crypto/name: which subjects are read, and names from text. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/name.h"
#include "fixture_crypto.h"

#define B(literal) literal, sizeof(literal) - 1
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10

static const struct {
	const char *what;
	uint8_t tag;
	const char *value;
	size_t len;
	const char *text; /* NULL: refused */
} VALUES[] = {
	{ "UTF-8", DER_UTF8_STRING, B("Ex\xc3\xa4mple"), "CN=Ex\xc3\xa4mple" },
	{ "UTF-8, four octets", DER_UTF8_STRING, B("\xf0\x9f\x94\x91"), "CN=\xf0\x9f\x94\x91" },
	{ "printable", DER_PRINTABLE_STRING, B("host 1.example"), "CN=host 1.example" },
	{ "printable wildcard", DER_PRINTABLE_STRING, B("*.example"), "CN=*.example" },
	{ "printable underscore", DER_PRINTABLE_STRING, B("a_b"), NULL },
	{ "IA5", DER_IA5_STRING, B("a@b"), "CN=a@b" },
	{ "IA5 beyond ASCII", DER_IA5_STRING, B("a\xe4"), NULL },
	{ "T61 in ASCII", DER_T61_STRING, B("a_b"), "CN=a_b" },
	{ "T61 beyond ASCII", DER_T61_STRING, B("a\xe4"), NULL },
	{ "BMP", DER_BMP_STRING, B("\x00\x41\x00\xe4\x20\xac"), "CN=A\xc3\xa4\xe2\x82\xac" },
	{ "BMP of odd length", DER_BMP_STRING, B("\x00\x41\x00"), NULL },
	{ "BMP surrogate", DER_BMP_STRING, B("\xd8\x3d\xdd\x11"), NULL },
	{ "BMP with NUL", DER_BMP_STRING, B("\x00\x41\x00\x00\x00\x42"), NULL },
	{ "NUL", DER_UTF8_STRING, B("good.example\0.evil.example"), NULL },
	{ "NUL at the end", DER_PRINTABLE_STRING, B("good.example\0"), NULL },
	{ "newline", DER_UTF8_STRING, B("a\nb"), NULL },
	{ "DEL", DER_UTF8_STRING, B("a\x7f"), NULL },
	{ "C1 control", DER_UTF8_STRING, B("a\xc2\x85"), NULL },
	{ "no-break space", DER_UTF8_STRING, B("a\xc2\xa0z"), "CN=a\xc2\xa0z" },
	{ "overlong slash", DER_UTF8_STRING, B("a\xc0\xaf"), NULL },
	{ "overlong, three octets", DER_UTF8_STRING, B("\xe0\x80\xaf"), NULL },
	{ "surrogate in UTF-8", DER_UTF8_STRING, B("\xed\xa0\x80"), NULL },
	{ "beyond Unicode", DER_UTF8_STRING, B("\xf4\x90\x80\x80"), NULL },
	{ "cut UTF-8", DER_UTF8_STRING, B("a\xc3"), NULL },
	{ "empty", DER_UTF8_STRING, B(""), NULL },
	{ "255 octets", DER_UTF8_STRING, B(X50 X50 X50 X50 X50 "12345"),
	    "CN=" X50 X50 X50 X50 X50 "12345" },
	{ "256 octets", DER_UTF8_STRING, B(X50 X50 X50 X50 X50 "123456"), NULL },
	{ "UniversalString", 0x1c, B("\x00\x00\x00\x41"), NULL },
	{ "escapes", DER_UTF8_STRING, B(" #a,b+c\"d\\e<f>g;h "),
	    "CN=\\ #a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h\\ " },
	{ "number sign first", DER_UTF8_STRING, B("#a"), "CN=\\#a" },
};

START_TEST(values_are_read_by_their_string_type)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf text = BUF_INIT(FIXTURE_MAX);
		struct error err = { .code = ERR_NONE };
		struct name name;

		fixture_name(VALUES[_i].tag, bytes_of(VALUES[_i].value, VALUES[_i].len), &der);
		if (VALUES[_i].text == NULL) {
			ck_assert_msg(
			    name_read(buf_bytes(&der), &name, &err) == -1, "%s", VALUES[_i].what);
			ck_assert_int_eq(err.code, ERR_NAME);
			return;
		}
		ck_assert_msg(name_read(buf_bytes(&der), &name, &err) == 0, "%s: %s",
		    VALUES[_i].what, err.text);
		name_text(&name, &text);
		ck_assert_str_eq(buf_text(&text), VALUES[_i].text);
	}
END_TEST

#define CN_A \
	"\x30\x08\x06\x03\x55\x04\x03\x0c\x01" \
	"a"
#define CN_B \
	"\x30\x08\x06\x03\x55\x04\x03\x0c\x01" \
	"b"

static const struct {
	const char *what;
	const char *der;
	size_t len;
	bool ok;
} NAMES[] = {
	{ "empty name", B("\x30\x00"), true },
	{ "one RDN", B("\x30\x0c\x31\x0a" CN_A), true },
	{ "two attributes in order", B("\x30\x16\x31\x14" CN_A CN_B), true },
	{ "two attributes out of order", B("\x30\x16\x31\x14" CN_B CN_A), false },
	{ "empty RDN", B("\x30\x02\x31\x00"), false },
	{ "leftover in the attribute",
	    B("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x01"
	      "a\x05\x00"),
	    false },
	{ "leftover behind the name", B("\x30\x0c\x31\x0a" CN_A "\x00"), false },
	{ "a SET", B("\x31\x00"), false },
	{ "attribute without value", B("\x30\x09\x31\x07\x30\x05\x06\x03\x55\x04\x03"), false },
	{ "constructed string",
	    B("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x2c\x03\x0c\x01"
	      "a"),
	    false },
};

START_TEST(structure_is_strict)
	{
		struct error err = { .code = ERR_NONE };
		struct name name;

		ck_assert_msg((name_read(bytes_of(NAMES[_i].der, NAMES[_i].len), &name, &err) ==
				  0) == NAMES[_i].ok,
		    "%s", NAMES[_i].what);
	}
END_TEST

START_TEST(thirty_two_attributes_are_the_limit)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		struct error err = { .code = ERR_NONE };

		for (int i = 0; i < 32; i++)
			buf_add_text(&text, i == 0 ? "OU=a" : ",OU=a");
		ck_assert_int_eq(name_from_text(buf_text(&text), &der, &err), 0);
		buf_add_text(&text, ",OU=a");
		ck_assert_int_eq(name_from_text(buf_text(&text), &der, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
	}
END_TEST

static const struct {
	const char *in;
	const char *out; /* NULL: refused */
} TEXTS[] = {
	{ "CN=Demo CA,O=Example", "CN=Demo CA,O=Example" },
	{ " cn = Demo ", "CN=Demo" },
	{ "cn= Demo , o=Example ", "CN=Demo,O=Example" },
	{ "CN=a\\,b\\20,C=DE", "CN=a\\,b\\ ,C=DE" },
	{ "CN=\\c3\\a4", "CN=\xc3\xa4" },
	{ "2.5.4.3=x,2.5.4.12=Dr", "CN=x,2.5.4.12=Dr" },
	{ "emailAddress=a@b,serialNumber=1,DC=example,UID=u",
	    "emailAddress=a@b,serialNumber=1,DC=example,UID=u" },
	{ "OU=b+OU=a", "OU=b,OU=a" },
	{ "", NULL },
	{ "CN", NULL },
	{ "CN=", NULL },
	{ "CN=a,", NULL },
	{ "CN=a,,O=b", NULL },
	{ "XX=a", NULL },
	{ "CN=#0c0161", NULL },
	{ "CN=a;O=b", NULL },
	{ "CN=a\\", NULL },
	{ "CN=a\\x", NULL },
	{ "CN=a\\00b", NULL },
	{ "C=\xc3\xa4", NULL },
	{ "DC=\xc3\xa4", NULL },
	{ "1.=a", NULL },
};

START_TEST(names_are_made_from_text)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(FIXTURE_MAX);
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		struct error err = { .code = ERR_NONE };
		struct name name;
		int rc = name_from_text(TEXTS[_i].in, &der, &err);

		ck_assert_msg((rc == 0) == (TEXTS[_i].out != NULL), "%s", TEXTS[_i].in);
		if (rc < 0) {
			ck_assert_int_eq(err.code, ERR_CONFIG);
			ck_assert_uint_eq(der.len, 0);
			return;
		}
		ck_assert_int_eq(name_read(buf_bytes(&der), &name, &err), 0);
		name_text(&name, &text);
		ck_assert_str_eq(buf_text(&text), TEXTS[_i].out);
	}
END_TEST

START_TEST(the_first_attribute_of_the_text_is_the_last_of_the_name)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(FIXTURE_MAX);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(name_from_text("CN=a,C=DE", &der, &err), 0);
		ck_assert(bytes_equal(buf_bytes(&der),
		    DER_BYTES("\x30\x19\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02"
			      "DE"
			      "\x31\x0a" CN_A)));
	}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("name");
	TCase *tests = tcase_create("name");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, values_are_read_by_their_string_type, 0, COUNT(VALUES));
	tcase_add_loop_test(tests, structure_is_strict, 0, COUNT(NAMES));
	tcase_add_test(tests, thirty_two_attributes_are_the_limit);
	tcase_add_loop_test(tests, names_are_made_from_text, 0, COUNT(TEXTS));
	tcase_add_test(tests, the_first_attribute_of_the_text_is_the_last_of_the_name);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
