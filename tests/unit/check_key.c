/* crypto/key: the rules for key files, every kind of key, PKCS#11 across fork. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "crypto/key.h"
#include "fixture_crypto.h"

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define PASSPHRASE "correct horse 42"
#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

static const char *const KINDS[] = { "rsa2048", "rsa3072", "p256", "p384", "ed25519" };

static const char *const FILES[] = { "rsa2048", "rsa3072", "p256", "p384", "ed25519", "plain",
	"locked", "secret", "other", "link", "fifo", NULL };

static const char *
uri(const char *name)
{
	(void)snprintf(
	    fixture_paths[3], sizeof(fixture_paths[3]), "file:%s/%s", fixture_folder, name);
	return fixture_paths[3];
}

static void
make_files(void)
{
	static const struct key_facts p256 = { KEY_P256, 256 };
	struct error err = { .code = ERR_NONE };

	fixture_folder_make();
	fixture_write_file("secret", bytes_text(PASSPHRASE "\nsecond line\n"), 0600);
	ck_assert_int_eq(key_generate_file(fixture_path(0, "plain"), NULL, p256, &err), 0);
	ck_assert_msg(key_generate_file(
			  fixture_path(0, "locked"), fixture_path(1, "secret"), p256, &err) == 0,
	    "%s", err.text);
}

static void
drop_files(void)
{
	fixture_folder_remove(FILES);
}

static int
open_key(const char *name, const char *secret, struct error *err)
{
	cleanup(key_freep) struct key *key = NULL;

	*err = (struct error){ .code = ERR_NONE };
	return key_open(uri(name), secret != NULL ? fixture_path(1, secret) : NULL, &key, err);
}

static void
assert_refused(const char *name, const char *secret, const char *why)
{
	struct error err;

	ck_assert_int_eq(open_key(name, secret, &err), -1);
	ck_assert_int_eq(err.code, ERR_CA_KEY);
	ck_assert_msg(strstr(err.text, why) != NULL, "\"%s\" lacks \"%s\"", err.text, why);
	ck_assert_ptr_nonnull(strstr(err.text, fixture_folder));
	ck_assert_ptr_null(strstr(err.text, "horse"));
}

START_TEST(every_kind_of_key_signs_what_its_public_half_verifies)
	{
		cleanup(key_freep) struct key *key = fixture_key(KINDS[_i]);
		cleanup(buf_release) struct buf signature = BUF_INIT(4096);
		struct bytes text = DER_BYTES("to be signed"), other = DER_BYTES("to be signee");
		struct error err = { .code = ERR_NONE };
		struct key_facts facts, want;

		ck_assert_int_eq(key_facts_parse(KINDS[_i], &want, &err), 0);
		ck_assert_int_eq(key_facts_read(key_public(key), &facts, &err), 0);
		ck_assert(facts.type == want.type && facts.bits == want.bits);
		ck_assert(key_facts(key).type == want.type);
		ck_assert_int_eq(key_sign(key, text, &signature, &err), 0);
		ck_assert_msg(key_verify(key_public(key), key_signature_algorithm(key), text,
				  buf_bytes(&signature), &err) == 0,
		    "%s", err.text);
		ck_assert_int_eq(key_verify(key_public(key), key_signature_algorithm(key), other,
				     buf_bytes(&signature), &err),
		    -1);
		ck_assert_int_eq(err.code, ERR_CSR_SIGNATURE);
	}
END_TEST

START_TEST(a_key_in_memory_comes_back_from_its_pkcs8)
	{
		cleanup(key_freep) struct key *key = NULL, *again = NULL;
		cleanup(buf_release) struct buf der = BUF_INIT(4096);
		cleanup(buf_release) struct buf signature = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };
		struct key_facts want;

		ck_assert_int_eq(key_facts_parse(KINDS[_i], &want, &err), 0);
		ck_assert_msg(key_generate(want, &key, &err) == 0, "%s", err.text);
		ck_assert(key_facts(key).type == want.type && key_facts(key).bits == want.bits);
		ck_assert_msg(key_export(key, &der, &err) == 0, "%s", err.text);
		ck_assert_msg(key_open_der(buf_bytes(&der), &again, &err) == 0, "%s", err.text);
		ck_assert(bytes_equal(key_public(again), key_public(key)));
		ck_assert_int_eq(key_sign(again, DER_BYTES("text"), &signature, &err), 0);
		ck_assert_int_eq(key_verify(key_public(key), key_signature_algorithm(key),
				     DER_BYTES("text"), buf_bytes(&signature), &err),
		    0);
	}
END_TEST

START_TEST(new_keys_differ_and_a_key_of_a_file_is_exported_too)
	{
		static const struct key_facts p256 = { KEY_P256, 256 };
		cleanup(key_freep) struct key *one = NULL, *two = NULL, *file = NULL;
		cleanup(key_freep) struct key *again = NULL;
		cleanup(buf_release) struct buf der = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(key_generate(p256, &one, &err), 0);
		ck_assert_int_eq(key_generate(p256, &two, &err), 0);
		ck_assert(!bytes_equal(key_public(one), key_public(two)));
		ck_assert_int_eq(key_open(uri("plain"), NULL, &file, &err), 0);
		ck_assert_int_eq(key_export(file, &der, &err), 0);
		ck_assert_int_eq(key_open_der(buf_bytes(&der), &again, &err), 0);
		ck_assert(bytes_equal(key_public(again), key_public(file)));
	}
END_TEST

static void
assert_no_key(struct bytes der)
{
	struct error err = { .code = ERR_NONE };
	struct key *key = NULL;

	ck_assert_int_eq(key_open_der(der, &key, &err), -1);
	ck_assert_int_eq(err.code, ERR_CA_KEY);
	ck_assert_ptr_null(key);
}

START_TEST(what_is_no_pkcs8_of_ours_is_refused)
	{
		cleanup(key_freep) struct key *key = fixture_key("p256");
		cleanup(buf_release) struct buf der = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };
		struct bytes rest, field;

		ck_assert_int_eq(key_export(key, &der, &err), 0);
		for (size_t len = 0; len < der.len; len++)
			assert_no_key(bytes_of(der.data, len));
		/* PrivateKeyInfo ::= SEQUENCE { version, algorithm, privateKey (SEC1 here) } */
		ck_assert(der_only(buf_bytes(&der), DER_SEQUENCE, &rest));
		ck_assert(der_take_integer(&rest, &field));
		ck_assert(der_take(&rest, DER_SEQUENCE, &field));
		ck_assert(der_take(&rest, DER_OCTET_STRING, &field));
		assert_no_key(field);
		buf_add_byte(&der, 0);
		assert_no_key(buf_bytes(&der));
		assert_no_key(DER_BYTES("-----BEGIN PRIVATE KEY-----"));
	}
END_TEST

START_TEST(a_buffer_too_small_for_a_key_is_an_error)
	{
		cleanup(key_freep) struct key *key = fixture_key("ed25519");
		cleanup(buf_release) struct buf der = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(key_export(key, &der, &err), 0);
		for (size_t less = 0; less < 2; less++) {
			struct buf small = BUF_INIT(der.len - less);

			ck_assert_int_eq(key_export(key, &small, &err), less == 0 ? 0 : -1);
			buf_release(&small);
		}
		ck_assert_int_eq(err.code, ERR_INTERNAL);
	}
END_TEST

START_TEST(an_algorithm_of_another_family_is_refused)
	{
		cleanup(key_freep) struct key *p256 = fixture_key("p256");
		cleanup(key_freep) struct key *ed25519 = fixture_key("ed25519");
		cleanup(buf_release) struct buf signature = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(key_sign(p256, DER_BYTES("a"), &signature, &err), 0);
		ck_assert_int_eq(key_verify(key_public(p256), key_signature_algorithm(ed25519),
				     DER_BYTES("a"), buf_bytes(&signature), &err),
		    -1);
		ck_assert_int_eq(err.code, ERR_KEY);
	}
END_TEST

START_TEST(a_new_key_file_is_private_and_never_replaces_one)
	{
		static const struct key_facts p256 = { KEY_P256, 256 };
		struct error err = { .code = ERR_NONE };
		struct stat before, after;

		(void)umask(0);
		ck_assert_int_eq(stat(fixture_path(0, "plain"), &before), 0);
		ck_assert_uint_eq(before.st_mode & 07777, 0600);
		ck_assert_int_eq(key_generate_file(fixture_path(0, "plain"), NULL, p256, &err), -1);
		ck_assert_int_eq(err.code, ERR_CA_KEY);
		ck_assert_int_eq(stat(fixture_path(0, "plain"), &after), 0);
		ck_assert(before.st_ino == after.st_ino && before.st_size == after.st_size);
		ck_assert_int_eq(
		    key_generate_file(fixture_path(0, "no/such/folder"), NULL, p256, &err), -1);
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
	{ 0666, false },
};

START_TEST(a_file_that_others_may_use_is_refused)
	{
		struct error err;

		ck_assert_int_eq(chmod(fixture_path(0, "plain"), MODES[_i].mode), 0);
		if (MODES[_i].ok)
			ck_assert_msg(open_key("plain", NULL, &err) == 0, "%s", err.text);
		else
			assert_refused("plain", NULL, "must be 600 or 400");
		ck_assert_int_eq(chmod(fixture_path(0, "plain"), 0600), 0);
	}
END_TEST

START_TEST(a_passphrase_file_obeys_the_same_rules)
	{
		struct error err;

		ck_assert_msg(open_key("locked", "secret", &err) == 0, "%s", err.text);
		ck_assert_int_eq(chmod(fixture_path(0, "secret"), 0644), 0);
		assert_refused("locked", "secret", "must be 600 or 400");
		ck_assert_int_eq(chmod(fixture_path(0, "secret"), 0600), 0);
	}
END_TEST

START_TEST(an_encrypted_key_needs_its_passphrase)
	{
		assert_refused("locked", NULL, "encrypted");
		fixture_write_file("other", bytes_text("wrong horse\n"), 0600);
		assert_refused("locked", "other", "does not open it");
		fixture_write_file("other", bytes_text("\n" PASSPHRASE "\n"), 0600);
		assert_refused("locked", "other", "first line");
		fixture_write_file("other", DER_BYTES("correct\0horse\n"), 0600);
		assert_refused("locked", "other", "first line");
	}
END_TEST

START_TEST(a_passphrase_may_end_with_crlf_or_nothing)
	{
		struct error err;

		fixture_write_file("other", bytes_text(PASSPHRASE), 0600);
		ck_assert_int_eq(open_key("locked", "other", &err), 0);
		fixture_write_file("other", bytes_text(PASSPHRASE "\r\n"), 0600);
		ck_assert_int_eq(open_key("locked", "other", &err), 0);
	}
END_TEST

START_TEST(what_is_no_regular_file_is_refused_at_once)
	{
		ck_assert_int_eq(symlink("plain", fixture_path(0, "link")), 0);
		assert_refused("link", NULL, "symbolic link");
		ck_assert_int_eq(mkfifo(fixture_path(0, "fifo"), 0600), 0);
		assert_refused("fifo", NULL, "regular file");
		assert_refused(".", NULL, "regular file");
		assert_refused("absent", NULL, "open");
		(void)unlink(fixture_path(0, "link"));
		(void)unlink(fixture_path(0, "fifo"));
	}
END_TEST

START_TEST(a_file_of_another_user_is_refused)
	{
		if (geteuid() != 0) {
			(void)puts("SKIP: only root can give a file away");
			return;
		}
		ck_assert_int_eq(chown(fixture_path(0, "plain"), 65534, 65534), 0);
		assert_refused("plain", NULL, "belong");
		ck_assert_int_eq(chown(fixture_path(0, "plain"), 0, 0), 0);
	}
END_TEST

START_TEST(what_is_no_key_is_refused)
	{
		static uint8_t large[65537];

		memset(large, 'A', sizeof(large));
		fixture_write_file("other", bytes_of(large, sizeof(large)), 0600);
		assert_refused("other", NULL, "larger");
		fixture_write_file("other", bytes_of(large, sizeof(large) - 1), 0600);
		assert_refused("other", NULL, "not a PEM");
		fixture_write_file("other", bytes_of(NULL, 0), 0600);
		assert_refused("other", NULL, "not a PEM");
	}
END_TEST

START_TEST(other_uris_are_refused_without_showing_a_pin)
	{
		cleanup(key_freep) struct key *key = NULL;
		struct error err = { .code = ERR_NONE };

		ck_assert_int_eq(key_open("/etc/passwd", NULL, &key, &err), -1);
		error_clear(&err);
		ck_assert_int_eq(key_open("pkcs11:token=a?module-path=relative.so&pin-value=13579",
				     NULL, &key, &err),
		    -1);
		ck_assert_ptr_nonnull(strstr(err.text, "absolute"));
		ck_assert_ptr_null(strstr(err.text, "13579"));
	}
END_TEST

START_TEST(kinds_are_named)
	{
		struct error err = { .code = ERR_NONE };
		struct key_facts facts;

		ck_assert_int_eq(key_facts_parse("rsa1024", &facts, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		ck_assert_int_eq(key_facts_parse("P256", &facts, &err), -1);
		ck_assert_str_eq(key_type_name(KEY_ED25519), "ed25519");
	}
END_TEST

/* Runs softhsm2-util; false when that is not there. */
static bool
softhsm_init(const char *folder)
{
	cleanup(buf_release) struct buf text = BUF_INIT(1024);
	pid_t child;
	int status;

	if (access(SOFTHSM, R_OK) != 0)
		return false;
	buf_printf(&text, "directories.tokendir = %s\nobjectstore.backend = file\n", folder);
	fixture_write_file("other", buf_bytes(&text), 0600);
	ck_assert_int_eq(setenv("SOFTHSM2_CONF", fixture_path(0, "other"), 1), 0);
	child = fork();
	if (child == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL)
			_exit(126);
		(void)execlp("softhsm2-util", "softhsm2-util", "--init-token", "--free", "--label",
		    "demo", "--pin", "24680", "--so-pin", "97531975", (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
assert_signs(struct key *key)
{
	cleanup(buf_release) struct buf signature = BUF_INIT(4096);
	struct error err = { .code = ERR_NONE };

	ck_assert_msg(key_sign(key, DER_BYTES("text"), &signature, &err) == 0, "%s", err.text);
	ck_assert_msg(key_verify(key_public(key), key_signature_algorithm(key), DER_BYTES("text"),
			  buf_bytes(&signature), &err) == 0,
	    "%s", err.text);
}

/* In a child, assertions would go to the parent's reporter; the status says it. */
static void
assert_child_signs(struct key *key)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct buf signature = BUF_INIT(4096);
		struct error err = { .code = ERR_NONE };

		_exit(key_sign(key, DER_BYTES("text"), &signature, &err) == 0 &&
			      key_verify(key_public(key), key_signature_algorithm(key),
				  DER_BYTES("text"), buf_bytes(&signature), &err) == 0
			  ? 0
			  : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static void
assert_token_key(const char *kind)
{
	cleanup(key_freep) struct key *key = NULL;
	cleanup(buf_release) struct buf der = BUF_INIT(4096);
	struct error err = { .code = ERR_NONE };
	struct key_facts facts;
	char token[256];

	(void)snprintf(token, sizeof(token), "pkcs11:token=demo;object=ca%%20%s?module-path=%s",
	    kind, SOFTHSM);
	ck_assert_int_eq(key_facts_parse(kind, &facts, &err), 0);
	ck_assert_msg(
	    key_generate_pkcs11(token, fixture_path(1, "secret"), facts, KEY_SIGNS, &err) == 0,
	    "%s", err.text);
	ck_assert_int_eq(
	    key_generate_pkcs11(token, fixture_path(1, "secret"), facts, KEY_SIGNS, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "already"));
	error_clear(&err);
	ck_assert_msg(key_open(token, fixture_path(1, "secret"), &key, &err) == 0, "%s", err.text);
	ck_assert(key_facts(key).type == facts.type && key_facts(key).bits == facts.bits);
	assert_child_signs(key);
	assert_signs(key);
	assert_child_signs(key);
	ck_assert_int_eq(key_export(key, &der, &err), -1);
	ck_assert_int_eq(err.code, ERR_CA_KEY);
	ck_assert_uint_eq(der.len, 0);
}

static void
remove_token(const char *folder)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		(void)execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(child, &status, 0);
}

START_TEST(keys_in_a_token_sign_before_and_after_fork)
	{
		char folder[] = "/tmp/certwright-token-XXXXXX";
		cleanup(key_freep) struct key *key = NULL;
		struct error err = { .code = ERR_NONE };

		ck_assert_ptr_nonnull(mkdtemp(folder));
		if (softhsm_init(folder)) {
			fixture_write_file("secret", bytes_text("24680\n"), 0600);
			assert_token_key("rsa2048");
			assert_token_key("p256");
			assert_token_key("p384");
			ck_assert_int_eq(
			    key_open("pkcs11:token=demo;object=none?module-path=" SOFTHSM,
				fixture_path(1, "secret"), &key, &err),
			    -1);
			ck_assert_int_eq(err.code, ERR_CA_KEY);
			fixture_write_file("secret", bytes_text("11111\n"), 0600);
			error_clear(&err);
			ck_assert_int_eq(
			    key_open("pkcs11:token=demo;object=ca%20p256?module-path=" SOFTHSM,
				fixture_path(1, "secret"), &key, &err),
			    -1);
			fixture_write_file("secret", bytes_text(PASSPHRASE "\n"), 0600);
		} else
			(void)puts("SKIP: no SoftHSM, keys behind PKCS#11 were not tried");
		remove_token(folder);
	}
END_TEST

static void
add_tests(TCase *tests)
{
	tcase_add_loop_test(
	    tests, every_kind_of_key_signs_what_its_public_half_verifies, 0, COUNT(KINDS));
	tcase_add_loop_test(tests, a_key_in_memory_comes_back_from_its_pkcs8, 0, COUNT(KINDS));
	tcase_add_test(tests, new_keys_differ_and_a_key_of_a_file_is_exported_too);
	tcase_add_test(tests, what_is_no_pkcs8_of_ours_is_refused);
	tcase_add_test(tests, a_buffer_too_small_for_a_key_is_an_error);
	tcase_add_test(tests, an_algorithm_of_another_family_is_refused);
	tcase_add_test(tests, a_new_key_file_is_private_and_never_replaces_one);
	tcase_add_loop_test(tests, a_file_that_others_may_use_is_refused, 0, COUNT(MODES));
	tcase_add_test(tests, a_passphrase_file_obeys_the_same_rules);
	tcase_add_test(tests, an_encrypted_key_needs_its_passphrase);
	tcase_add_test(tests, a_passphrase_may_end_with_crlf_or_nothing);
	tcase_add_test(tests, what_is_no_regular_file_is_refused_at_once);
	tcase_add_test(tests, a_file_of_another_user_is_refused);
	tcase_add_test(tests, what_is_no_key_is_refused);
	tcase_add_test(tests, other_uris_are_refused_without_showing_a_pin);
	tcase_add_test(tests, kinds_are_named);
	tcase_add_test(tests, keys_in_a_token_sign_before_and_after_fork);
}

int
main(void)
{
	Suite *suite = suite_create("key");
	TCase *tests = tcase_create("key");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tests, make_files, drop_files);
	tcase_set_timeout(tests, 120);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
