/* crypto/keyring: its file, sealing, and that nothing but the very same opens. */
#define _GNU_SOURCE
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/enc.h"
#include "crypto/keyring.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define PLAIN "correct horse 42"

/* Keys of 32 octets 1, 2 and 3, with the first digits of `sha256sum` of them. */
#define KEY_1 "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_2 "75877bb41d393b5f AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY_3 "648aa5c579fb30f3 AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="

static const char *const FILES[] = { "ring", "ring.new", "link", "fifo", NULL };

/* Whether another process renames the new file between our open and our lock. */
static bool is_overtaken;

int
flock(int fd, int operation)
{
	if (is_overtaken)
		ck_assert_int_eq(rename(fixture_path(1, "ring.new"), fixture_path(0, "ring")), 0);
	is_overtaken = false;
	return (int)syscall(SYS_flock, fd, operation);
}

static void
drop_files(void)
{
	fixture_folder_remove(FILES);
}

static struct keyring *
ring(const char *text)
{
	struct keyring *keyring = NULL;
	struct error err = { .code = ERR_NONE };

	ck_assert_msg(keyring_parse(bytes_text(text), &keyring, &err) == 0, "%s", err.text);
	return keyring;
}

static void
seal(const struct keyring *keyring, const char *bound, const char *plain, struct buf *blob)
{
	struct error err = { .code = ERR_NONE };

	ck_assert_msg(keyring_seal(keyring, bytes_text(bound), bytes_text(plain), blob, &err) == 0,
	    "%s", err.text);
	ck_assert(!buf_failed(blob));
}

static int
unseal(const struct keyring *keyring, const char *bound, struct bytes blob, struct buf *plain)
{
	struct error err = { .code = ERR_NONE };
	int rc = keyring_unseal(keyring, bytes_text(bound), blob, plain, &err);

	ck_assert(rc == 0 || (err.code == ERR_CA_KEY && plain->len == 0));
	ck_assert_ptr_null(strstr(err.text, "horse"));
	return rc;
}

static void
assert_opens(const struct keyring *keyring, const char *bound, const struct buf *blob)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(KEYRING_PLAIN_MAX);

	ck_assert_int_eq(unseal(keyring, bound, buf_bytes(blob), &plain), 0);
	ck_assert_str_eq(buf_text(&plain), PLAIN);
}

static void
assert_closed(const struct keyring *keyring, const char *bound, struct bytes blob)
{
	cleanup(buf_release) struct buf plain = BUF_INIT(KEYRING_PLAIN_MAX);

	ck_assert_int_eq(unseal(keyring, bound, blob, &plain), -1);
}

START_TEST(what_was_sealed_opens_and_nothing_of_it_is_seen)
	{
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		cleanup(buf_release) struct buf blob = BUF_INIT(4096);
		cleanup(buf_release) struct buf again = BUF_INIT(4096);
		char id[KEYRING_ID_TEXT];
		struct error err = { .code = ERR_NONE };

		seal(keyring, "here", PLAIN, &blob);
		seal(keyring, "here", PLAIN, &again);
		ck_assert_uint_eq(blob.len, strlen(PLAIN) + KEYRING_OVERHEAD);
		ck_assert_ptr_null(memmem(blob.data, blob.len, "hor", 3));
		ck_assert_int_eq(blob.data[0], 1);
		ck_assert_int_eq(keyring_blob_id(buf_bytes(&blob), id, &err), 0);
		ck_assert_str_eq(id, "72cd6e8422c407fb");
		/* The nonce is another each time, and so is all behind it. */
		ck_assert_int_ne(memcmp(blob.data + KEYRING_HEAD_SIZE,
				     again.data + KEYRING_HEAD_SIZE, KEYRING_NONCE_SIZE),
		    0);
		assert_opens(keyring, "here", &blob);
		assert_opens(keyring, "here", &again);
	}
END_TEST

/* AES-256-GCM of "attack" by python3-cryptography: key 1, nonce of octets 7, bound to "here". */
START_TEST(a_blob_of_another_implementation_opens)
	{
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		cleanup(buf_release) struct buf blob = BUF_INIT(4096);
		cleanup(buf_release) struct buf plain = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(
		    hex_decode(bytes_text("0172cd6e8422c407fb070707070707070707070707e"
					  "c879ec56cc51316c6706415de76302105f3bb1bbdab"),
			&blob, &err),
		    0);
		ck_assert_int_eq(unseal(keyring, "here", buf_bytes(&blob), &plain), 0);
		ck_assert_str_eq(buf_text(&plain), "attack");
	}
END_TEST

START_TEST(lengths_from_nothing_to_the_most_are_sealed)
	{
		static char text[KEYRING_PLAIN_MAX + 2];
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		struct error err = { .code = ERR_NONE };

		memset(text, 'x', sizeof(text) - 1);
		for (size_t len = 0; len <= KEYRING_PLAIN_MAX; len += len < 70 ? 1 : 671) {
			cleanup(buf_release) struct buf blob = BUF_INIT(8192);
			cleanup(buf_release) struct buf plain = BUF_INIT(8192);

			ck_assert_int_eq(keyring_seal(keyring, bytes_text("b"), bytes_of(text, len),
					     &blob, &err),
			    0);
			ck_assert_int_eq(unseal(keyring, "b", buf_bytes(&blob), &plain), 0);
			ck_assert(bytes_equal(buf_bytes(&plain), bytes_of(text, len)));
		}
		{
			cleanup(buf_release) struct buf blob = BUF_INIT(8192);

			ck_assert_int_eq(keyring_seal(keyring, bytes_text("b"),
					     bytes_of(text, KEYRING_PLAIN_MAX + 1), &blob, &err),
			    -1);
			ck_assert_int_eq(err.code, ERR_TOO_LARGE);
			ck_assert_uint_eq(blob.len, 0);
		}
	}
END_TEST

START_TEST(no_other_bit_and_no_other_length_opens)
	{
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		cleanup(buf_release) struct buf blob = BUF_INIT(4096);

		seal(keyring, "here", PLAIN, &blob);
		for (size_t bit = 0; bit < 8 * blob.len; bit++) {
			blob.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
			assert_closed(keyring, "here", buf_bytes(&blob));
			blob.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		for (size_t len = 0; len < blob.len; len++)
			assert_closed(keyring, "here", bytes_of(blob.data, len));
		assert_opens(keyring, "here", &blob);
		buf_add_byte(&blob, 0);
		assert_closed(keyring, "here", buf_bytes(&blob));
	}
END_TEST

START_TEST(what_a_blob_is_bound_to_must_be_the_same)
	{
		static const char *const OTHERS[] = { "", "her", "hero", "here ", "there" };
		cleanup(keyring_freep) struct keyring *keyring = ring(KEY_1);
		cleanup(buf_release) struct buf blob = BUF_INIT(4096);

		seal(keyring, "here", PLAIN, &blob);
		for (int i = 0; i < COUNT(OTHERS); i++)
			assert_closed(keyring, OTHERS[i], buf_bytes(&blob));
	}
END_TEST

START_TEST(the_first_key_seals_and_all_open)
	{
		cleanup(keyring_freep) struct keyring *old = ring(KEY_1);
		cleanup(keyring_freep) struct keyring *new = ring(KEY_2 "\n" KEY_1 "\n");
		cleanup(keyring_freep) struct keyring *other = ring(KEY_3 "\n" KEY_2);
		cleanup(buf_release) struct buf by_old = BUF_INIT(4096);
		cleanup(buf_release) struct buf by_new = BUF_INIT(4096);
		uint8_t head[KEYRING_HEAD_SIZE];
		struct error err = { .code = ERR_NONE };

		seal(old, "here", PLAIN, &by_old);
		seal(new, "here", PLAIN, &by_new);
		ck_assert_int_eq(keyring_head(new, head, &err), 0);
		ck_assert_int_eq(memcmp(head, by_new.data, sizeof(head)), 0);
		assert_opens(new, "here", &by_old);
		assert_opens(new, "here", &by_new);
		assert_opens(other, "here", &by_new);
		assert_closed(old, "here", buf_bytes(&by_new));
		assert_closed(other, "here", buf_bytes(&by_old));
		/* Under a key that is there, but was not the one. */
		memcpy(by_old.data, head, sizeof(head));
		assert_closed(new, "here", buf_bytes(&by_old));
		ck_assert_uint_eq(keyring_count(new), 2);
		ck_assert_str_eq(keyring_id(new, 0), "75877bb41d393b5f");
		ck_assert(keyring_has(new, "72cd6e8422c407fb"));
		ck_assert(!keyring_has(new, "648aa5c579fb30f3"));
	}
END_TEST

static const struct {
	const char *text;
	const char *why; /* NULL: accepted */
} TEXTS[] = {
	{ KEY_1, NULL },
	{ KEY_1 "\n", NULL },
	{ "# a comment\n\n" KEY_1 "\n# " KEY_1 "\n" KEY_2 "\n\n", NULL },
	{ "72CD6E8422C407FB AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", NULL },
	{ "", "no key" },
	{ "\n\n# only a comment\n", "no key" },
	{ "\n" KEY_1 "\n" KEY_1 "\n", "line 3: the key 72cd6e8422c407fb is there twice" },
	{ KEY_1 "\n 75877bb41d393b5f", "line 2: expected a key id" },
	{ " " KEY_1, "line 1: expected a key id" },
	{ KEY_1 "\r\n", "line 1: the key must be 32 octets" },
	{ KEY_1 " ", "line 1: the key must be 32 octets" },
	{ "72cd6e8422c407fb\tAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "expected a key id" },
	{ "72cd6e8422c407fb", "expected a key id" },
	{ "72cd6e8422c407fb ", "the key must be 32 octets" },
	{ "72cd6e8422c407f AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "expected a key id" },
	{ "72cd6e8422c407fx AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "expected a key id" },
	{ "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==", "32 octets" },
	{ "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB", "32 octets" },
	{ "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE", "32 octets" },
	{ "72cd6e8422c407fb AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF=", "32 octets" },
	/* Another key cannot pose as one of this id. */
	{ "72cd6e8422c407fb AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=", "not that of the key" },
	{ "72cd6e8422c407fa AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "not that of the key" },
};

START_TEST(a_file_of_good_lines_is_taken_and_no_other)
	{
		cleanup(keyring_freep) struct keyring *keyring = NULL;
		struct error err = { .code = ERR_NONE };
		int rc;

		fixture_write_file("ring", bytes_text(TEXTS[_i].text), 0600);
		rc = keyring_open(fixture_path(0, "ring"), &keyring, &err);
		if (TEXTS[_i].why == NULL) {
			ck_assert_msg(rc == 0, "%s", err.text);
			return;
		}
		ck_assert_int_eq(rc, -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		ck_assert_msg(strstr(err.text, TEXTS[_i].why) != NULL, "%s", err.text);
		ck_assert_ptr_nonnull(strstr(err.text, fixture_path(0, "ring")));
		ck_assert_msg(strstr(err.text, "AQEB") == NULL, "%s", err.text);
	}
END_TEST

/* A ring of so many keys, each of its number. */
static void
write_ring(int count)
{
	cleanup(buf_release) struct buf text = BUF_INIT(65536);

	for (int i = 0; i < count; i++) {
		cleanup(buf_release) struct buf hex = BUF_INIT(64);
		uint8_t key[32], hash[SHA256_SIZE];
		struct error err = { .code = ERR_NONE };

		memset(key, i, sizeof(key));
		ck_assert_int_eq(sha256(bytes_of(key, sizeof(key)), hash, &err), 0);
		hex_encode(bytes_of(hash, KEYRING_ID_SIZE), &hex);
		buf_printf(&text, "%s ", buf_text(&hex));
		base64_encode(bytes_of(key, sizeof(key)), &text);
		buf_add_byte(&text, '\n');
	}
	fixture_write_file("ring", buf_bytes(&text), 0600);
}

static void
assert_refused(const char *name, const char *why)
{
	cleanup(keyring_freep) struct keyring *keyring = NULL;
	struct error err = { .code = ERR_NONE };

	ck_assert_int_eq(keyring_open(fixture_path(0, name), &keyring, &err), -1);
	ck_assert_int_eq(err.code, ERR_CONFIG);
	ck_assert_msg(strstr(err.text, why) != NULL, "\"%s\" lacks \"%s\"", err.text, why);
	ck_assert_ptr_nonnull(strstr(err.text, fixture_path(0, name)));
}

START_TEST(there_is_a_most_of_keys_and_of_octets)
	{
		cleanup(keyring_freep) struct keyring *keyring = NULL;
		static uint8_t large[KEYRING_FILE_MAX + 1];
		struct keyring_added added;
		struct error err = { .code = ERR_NONE };

		write_ring(KEYRING_KEYS_MAX);
		ck_assert_msg(
		    keyring_open(fixture_path(0, "ring"), &keyring, &err) == 0, "%s", err.text);
		ck_assert_int_eq(keyring_add_key(fixture_path(0, "ring"), &added, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "more than 32 keys"));
		ck_assert_int_eq(access(fixture_path(1, "ring.new"), F_OK), -1);
		write_ring(KEYRING_KEYS_MAX + 1);
		assert_refused("ring", "line 33: more than 32 keys");
		memset(large, '#', sizeof(large));
		memcpy(large, KEY_1 "\n", strlen(KEY_1) + 1);
		fixture_write_file("ring", bytes_of(large, sizeof(large)), 0600);
		assert_refused("ring", "larger");
	}
END_TEST

static const struct {
	mode_t mode;
	bool ok;
} MODES[] = {
	{ 0600, true },
	{ 0400, true },
	{ 0640, false },
	{ 0604, false },
	{ 0620, false },
	{ 0601, false },
};

START_TEST(a_file_that_others_may_use_is_refused)
	{
		cleanup(keyring_freep) struct keyring *keyring = NULL;
		struct error err = { .code = ERR_NONE };

		fixture_write_file("ring", bytes_text(KEY_1), MODES[_i].mode);
		if (MODES[_i].ok)
			ck_assert_int_eq(keyring_open(fixture_path(0, "ring"), &keyring, &err), 0);
		else
			assert_refused("ring", "must be 600 or 400");
	}
END_TEST

START_TEST(what_is_no_file_of_ours_is_refused)
	{
		fixture_write_file("ring", bytes_text(KEY_1), 0600);
		ck_assert_int_eq(symlink("ring", fixture_path(0, "link")), 0);
		assert_refused("link", "symbolic link");
		ck_assert_int_eq(mkfifo(fixture_path(0, "fifo"), 0600), 0);
		assert_refused("fifo", "regular file");
		assert_refused("absent", "open");
		if (geteuid() != 0) {
			(void)puts("SKIP: only root can give a file away");
			return;
		}
		ck_assert_int_eq(chown(fixture_path(0, "ring"), 65534, 65534), 0);
		assert_refused("ring", "belong");
	}
END_TEST

static void
add_key(struct keyring_added *added)
{
	struct error err = { .code = ERR_NONE };

	ck_assert_msg(keyring_add_key(fixture_path(0, "ring"), added, &err) == 0, "%s", err.text);
}

START_TEST(a_new_key_comes_in_front_and_the_old_ones_stay)
	{
		cleanup(keyring_freep) struct keyring *first = NULL, *second = NULL;
		cleanup(buf_release) struct buf blob = BUF_INIT(4096);
		struct keyring_added one, two;
		struct error err = { .code = ERR_NONE };
		struct stat st;

		(void)umask(0);
		add_key(&one);
		ck_assert_uint_eq(one.count, 1);
		ck_assert_int_eq(stat(fixture_path(0, "ring"), &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
		ck_assert_int_eq(keyring_open(fixture_path(0, "ring"), &first, &err), 0);
		seal(first, "here", PLAIN, &blob);
		add_key(&two);
		ck_assert_uint_eq(two.count, 2);
		ck_assert_str_ne(one.id, two.id);
		ck_assert_int_eq(stat(fixture_path(0, "ring"), &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
		ck_assert_int_eq(keyring_open(fixture_path(0, "ring"), &second, &err), 0);
		ck_assert_str_eq(keyring_id(second, 0), two.id);
		ck_assert_str_eq(keyring_id(second, 1), one.id);
		assert_opens(second, "here", &blob);
		ck_assert_int_eq(access(fixture_path(1, "ring.new"), F_OK), -1);
	}
END_TEST

START_TEST(comments_stay_where_they_are)
	{
		cleanup(buf_release) struct buf text = BUF_INIT(4096);
		static const char head[] = "# head\n\n", tail[] = "\n" KEY_1 "\n# tail\n" KEY_2;
		struct keyring_added added;
		FILE *file;

		fixture_write_file("ring", bytes_text("# head\n\n" KEY_1 "\n# tail\n" KEY_2), 0600);
		add_key(&added);
		file = fopen(fixture_path(0, "ring"), "re");
		ck_assert_ptr_nonnull(file);
		for (int c = getc(file); c != EOF; c = getc(file))
			buf_add_byte(&text, (uint8_t)c);
		(void)fclose(file);
		ck_assert_int_eq(memcmp(text.data, head, strlen(head)), 0);
		ck_assert_int_eq(memcmp(text.data + strlen(head), added.id, strlen(added.id)), 0);
		ck_assert_uint_gt(text.len, strlen(tail));
		ck_assert_str_eq(buf_text(&text) + text.len - strlen(tail), tail);
	}
END_TEST

START_TEST(a_file_that_is_wrong_is_not_written_over)
	{
		struct keyring_added added;
		struct error err = { .code = ERR_NONE };
		struct stat before, after;

		fixture_write_file("ring", bytes_text(KEY_1 "\nwrong\n"), 0600);
		ck_assert_int_eq(stat(fixture_path(0, "ring"), &before), 0);
		ck_assert_int_eq(keyring_add_key(fixture_path(0, "ring"), &added, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		ck_assert_ptr_nonnull(strstr(err.text, "line 2"));
		error_clear(&err);
		fixture_write_file("ring", bytes_text(KEY_1 "\n"), 0644);
		ck_assert_int_eq(keyring_add_key(fixture_path(0, "ring"), &added, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "must be 600 or 400"));
		ck_assert_int_eq(stat(fixture_path(0, "ring"), &after), 0);
		ck_assert(before.st_ino == after.st_ino);
		ck_assert_int_eq(access(fixture_path(1, "ring.new"), F_OK), -1);
	}
END_TEST

START_TEST(one_writer_at_a_time_and_a_killed_one_is_in_nobodys_way)
	{
		struct keyring_added added;
		struct error err = { .code = ERR_NONE };
		int fd;

		fixture_write_file("ring.new", bytes_text("half of a ne"), 0600);
		fd = open(fixture_path(1, "ring.new"), O_RDWR);
		ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
		ck_assert_int_eq(keyring_add_key(fixture_path(0, "ring"), &added, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFLICT);
		ck_assert_int_eq(access(fixture_path(0, "ring"), F_OK), -1);
		(void)close(fd);
		add_key(&added);
		ck_assert_uint_eq(added.count, 1);
	}
END_TEST

START_TEST(a_file_that_was_renamed_meanwhile_is_not_written_to)
	{
		cleanup(keyring_freep) struct keyring *keyring = NULL;
		struct keyring_added added;
		struct error err = { .code = ERR_NONE };

		fixture_write_file("ring.new", bytes_text(KEY_1), 0600);
		is_overtaken = true;
		ck_assert_int_eq(keyring_add_key(fixture_path(0, "ring"), &added, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFLICT);
		error_clear(&err);
		ck_assert_msg(
		    keyring_open(fixture_path(0, "ring"), &keyring, &err) == 0, "%s", err.text);
		ck_assert(keyring_has(keyring, "72cd6e8422c407fb"));
	}
END_TEST

START_TEST(one_that_cannot_be_used_says_why)
	{
		cleanup(keyring_freep) struct keyring *keyring = keyring_unusable("gone away");
		cleanup(keyring_freep) struct keyring *good = ring(KEY_1);
		cleanup(buf_release) struct buf blob = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };

		ck_assert_str_eq(keyring_why_unusable(keyring), "gone away");
		ck_assert_ptr_null(keyring_why_unusable(good));
		ck_assert_int_eq(
		    keyring_seal(keyring, bytes_text("b"), bytes_text(PLAIN), &blob, &err), -1);
		ck_assert_int_eq(err.code, ERR_CA_KEY);
		ck_assert_str_eq(err.text, "gone away");
		seal(good, "here", PLAIN, &blob);
		assert_closed(keyring, "here", buf_bytes(&blob));
	}
END_TEST

static void
add_tests(TCase *tests)
{
	tcase_add_test(tests, what_was_sealed_opens_and_nothing_of_it_is_seen);
	tcase_add_test(tests, a_blob_of_another_implementation_opens);
	tcase_add_test(tests, lengths_from_nothing_to_the_most_are_sealed);
	tcase_add_test(tests, no_other_bit_and_no_other_length_opens);
	tcase_add_test(tests, what_a_blob_is_bound_to_must_be_the_same);
	tcase_add_test(tests, the_first_key_seals_and_all_open);
	tcase_add_loop_test(tests, a_file_of_good_lines_is_taken_and_no_other, 0, COUNT(TEXTS));
	tcase_add_test(tests, there_is_a_most_of_keys_and_of_octets);
	tcase_add_loop_test(tests, a_file_that_others_may_use_is_refused, 0, COUNT(MODES));
	tcase_add_test(tests, what_is_no_file_of_ours_is_refused);
	tcase_add_test(tests, a_new_key_comes_in_front_and_the_old_ones_stay);
	tcase_add_test(tests, comments_stay_where_they_are);
	tcase_add_test(tests, a_file_that_is_wrong_is_not_written_over);
	tcase_add_test(tests, one_writer_at_a_time_and_a_killed_one_is_in_nobodys_way);
	tcase_add_test(tests, a_file_that_was_renamed_meanwhile_is_not_written_to);
	tcase_add_test(tests, one_that_cannot_be_used_says_why);
}

int
main(void)
{
	Suite *suite = suite_create("keyring");
	TCase *tests = tcase_create("keyring");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, fixture_folder_make, drop_files);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
