/* base/settings: every value's rule, the rules between settings, and the documents about them. */
#define _GNU_SOURCE
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_apply.h"
#include "base/settings.h"
#include "base/settings_table.h"

#define GUID "00112233-4455-6677-8899-aabbccddeeff"
#define GUID_UPPER "00112233-4455-6677-8899-AABBCCDDEEFF"
#define URLS "BaseUrl = https://pki.example.org\nHttpBaseUrl = http://pki.example.org\n"
#define HEX32 "0123456789abcdef0123456789abcdef"

/* A settings file that is there while the test runs. */
struct file {
	char path[64];
};

static void
file_release(struct file *file)
{
	(void)unlink(file->path);
}

static struct file
file_of(const char *text)
{
	struct file file = { "/tmp/check_settings.XXXXXX" };
	int fd = mkstemp(file.path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
	return file;
}

static int
load(const char *text, struct settings **out, struct error *err)
{
	cleanup(file_release) struct file file = file_of(text);

	return settings_load(file.path, out, err);
}

START_TEST(defaults_are_as_documented)
	{
		cleanup(settings_freep) struct settings *s = NULL;
		struct error err = { 0 };

		ck_assert_msg(load("[Server]\n" URLS, &s, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(s->validity_period_days, 200);
		ck_assert_uint_eq(s->validity_clock_skew_minutes, 1440);
		ck_assert(s->use_requested_key_usages);
		ck_assert(!s->db_csr.enabled && !s->db_csr.allow_renewals);
		ck_assert_uint_eq(s->db_csr.default_ekus.count, 1);
		ck_assert_str_eq(s->db_csr.default_ekus.items[0], "1.3.6.1.5.5.7.3.2");
		ck_assert_str_eq(s->auth.authority_host, "https://login.microsoftonline.com");
		ck_assert_str_eq(s->auth.v1_issuer, "https://sts.windows.net/");
		ck_assert(s->auth.accept_v1 && s->auth.accept_v2);
		ck_assert_uint_eq(s->auth.unknown_kid_refresh_s, 300);
		ck_assert_uint_eq(s->server.workers, 8);
		ck_assert_uint_eq(s->server.request_timeout_s, 30);
		ck_assert_uint_eq(s->server.max_requests, 10000);
		ck_assert_uint_eq(s->server.max_body_bytes, 65536);
		ck_assert_str_eq(s->server.state_dir, "/var/lib/certwright");
		ck_assert_str_eq(s->server.listen, "");
		ck_assert(!s->server.allow_plain_http);
		ck_assert_str_eq(s->server.est_cacerts, "issuer");
		ck_assert_uint_eq(s->server.accept_verify_results.count, 0);
		ck_assert_uint_eq(s->admin.certificates.count, 0);
		ck_assert_str_eq(s->database.socket, "/run/mysqld/mysqld.sock");
		ck_assert_str_eq(s->database.name, "certwright");
		ck_assert_uint_eq(s->database.connect_timeout_s, 3);
		ck_assert_uint_eq(s->limits.per_principal_per_hour, 0);
		ck_assert_str_eq(s->log.target, "stderr");
		ck_assert_str_eq(s->log.level, "info");
	}
END_TEST

/* Each key by its own: what is taken, in which form, and what is not. */
static const struct {
	const char *section;
	const char *name;
	const char *value;
	const char *normal; /* as printed; NULL: refused */
} VALUES[] = {
	{ "", "ValidityPeriodDays", "36500", "36500" },
	{ "", "ValidityPeriodDays", "36501", NULL },
	{ "", "ValidityPeriodDays", "0", NULL },
	{ "DbCSRValidation", "ValidityPeriodDays", "0", "0" },
	{ "DbCSRValidation", "DefaultEkus", "smartcardlogon SecureEmail,1.2.840.113549",
	    "1.3.6.1.4.1.311.20.2.2, 1.3.6.1.5.5.7.3.4, 1.2.840.113549" },
	{ "DbCSRValidation", "DefaultEkus", "2.999.1", "2.999.1" },
	{ "DbCSRValidation", "DefaultEkus", "", "" },
	{ "DbCSRValidation", "DefaultEkus", "Clients", NULL },
	{ "DbCSRValidation", "DefaultEkus", "1.40.1", NULL },
	{ "DbCSRValidation", "DefaultEkus", "3.1.1", NULL },
	{ "DbCSRValidation", "DefaultEkus", "1.3.06", NULL },
	{ "DbCSRValidation", "DefaultEkus", "1.3.6.", NULL },
	{ "DbCSRValidation", "DefaultEkus", "1.3..6", NULL },
	{ "DbCSRValidation", "ReenrollmentAllowedCertificateTypes", "static;", NULL },
	{ "DbCSRValidation", "ReenrollmentAllowedCertificateTypes", "static, INTUNEUSER",
	    "Static, IntuneUser" },
	{ "DbCSRValidation", "RaProfile", "devices-2.a_b", "devices-2.a_b" },
	{ "DbCSRValidation", "RaProfile", "a/b", NULL },
	{ "AuthConfig", "TenantId", GUID_UPPER ", " GUID, GUID ", " GUID },
	{ "AuthConfig", "TenantId", "common", NULL },
	{ "AuthConfig", "ApplicationId", GUID_UPPER, GUID },
	{ "AuthConfig", "ApplicationId", "api://" GUID, NULL },
	{ "AuthConfig", "ApplicationId", "{" GUID "}", NULL },
	{ "AuthConfig", "AuthorityHost", "Login.Example.com", "https://login.example.com" },
	{ "AuthConfig", "AuthorityHost", "HTTPS://login.example.com:8443/",
	    "https://login.example.com:8443" },
	{ "AuthConfig", "AuthorityHost", "[::1]:8443", "https://[::1]:8443" },
	{ "AuthConfig", "AuthorityHost", "http://login.example.com", NULL },
	{ "AuthConfig", "AuthorityHost", "login.example.com/common", NULL },
	{ "AuthConfig", "AuthorityHost", "user@login.example.com", NULL },
	{ "AuthConfig", "AuthorityHost", "login.example.com:0", NULL },
	{ "AuthConfig", "AuthorityHost", "login.example.com:65536", NULL },
	{ "AuthConfig", "AuthorityHost", "[::1", NULL },
	{ "AuthConfig", "AuthorityHost", "", NULL },
	{ "AuthConfig", "V1Issuer", "https://sts.chinacloudapi.cn",
	    "https://sts.chinacloudapi.cn/" },
	{ "AuthConfig", "V1Issuer", "https://sts.windows.net//", "https://sts.windows.net/" },
	{ "AuthConfig", "V1Issuer", "http://sts.windows.net/", NULL },
	{ "AuthConfig", "TokenVersions", "2", "2" },
	{ "AuthConfig", "TokenVersions", "2,1", "1, 2" },
	{ "AuthConfig", "TokenVersions", "3", NULL },
	{ "AuthConfig", "TokenVersions", ",", NULL },
	{ "AuthConfig", "UnknownKidRefreshSeconds", "0", NULL },
	{ "Server", "BaseUrl", "https://PKI.example.org:8443/Sub//",
	    "https://pki.example.org:8443/Sub" },
	{ "Server", "BaseUrl", "http://pki.example.org", NULL },
	{ "Server", "BaseUrl", "https://", NULL },
	{ "Server", "BaseUrl", "https://pki.example.org?x", NULL },
	{ "Server", "BaseUrl", "https://pki.example.org/a b", NULL },
	{ "Server", "BaseUrl", "https://-pki.example.org", NULL },
	{ "Server", "HttpBaseUrl", "http://192.0.2.1:8080/", "http://192.0.2.1:8080" },
	{ "Server", "HttpBaseUrl", "https://pki.example.org", NULL },
	{ "Server", "Listen", "/run/certwright/fcgi.sock", "/run/certwright/fcgi.sock" },
	{ "Server", "Listen", "127.0.0.1:9000", NULL },
	{ "Server", "Listen", "/" HEX32 HEX32 HEX32 "0123456789",
	    "/" HEX32 HEX32 HEX32 "0123456789" },
	{ "Server", "Listen", "/" HEX32 HEX32 HEX32 "01234567890", NULL },
	{ "Server", "Workers", "256", "256" },
	{ "Server", "Workers", "257", NULL },
	{ "Server", "MaxBodyBytes", "1023", NULL },
	{ "Server", "MaxBodyBytes", "1048576", "1048576" },
	{ "Server", "StateDir", "var/lib", NULL },
	{ "Server", "TrustedProxies", "192.0.2.1 10.0.0.0/8, 2001:DB8:0::/32",
	    "192.0.2.1, 10.0.0.0/8, 2001:db8::/32" },
	{ "Server", "TrustedProxies", "0.0.0.0/0", NULL },
	{ "Server", "TrustedProxies", "10.0.0.0/33", NULL },
	{ "Server", "TrustedProxies", "10.0.0.0/", NULL },
	{ "Server", "TrustedProxies", "proxy.example.org", NULL },
	{ "Server", "AcceptVerifyResults", "FAILED:unable to verify, GENEROUS",
	    "FAILED:unable to verify, GENEROUS" },
	{ "Server", "AcceptVerifyResults", "FAILED:unsuitable certificate purpose",
	    "FAILED:unsuitable certificate purpose" },
	{ "Server", "AcceptVerifyResults", "NONE", NULL },
	{ "Server", "AcceptVerifyResults", "FAILED, NONE", NULL },
	{ "Server", "EstCacerts", "ISSUER", "issuer" },
	{ "Server", "EstCacerts", "full", "full" },
	{ "Server", "EstCacerts", "chain", NULL },
	{ "Server", "EstCacerts", "", NULL },
	{ "Database", "Hosts", "db_1, DB2:3307 [2001:db8:0::1]:3306",
	    "db_1, db2:3307, [2001:db8::1]:3306" },
	{ "Database", "Hosts", "2001:db8::1", NULL },
	{ "Database", "Name", "a;b", NULL },
	{ "Database", "PasswordFile", "hunter2", NULL },
	{ "Admin", "Certificates", HEX32 "0123456789abcdef0123456789abcde", NULL },
	{ "Admin", "Certificates", "0:123456789abcdef0123456789abcdef" HEX32, NULL },
	{ "Admin", "Certificates", HEX32 "0123456789ABCDEF0123456789abcdef", HEX32 HEX32 },
	{ "Admin", "Certificates",
	    "01:23:45:67:89:ab:cd:ef:01:23:45:67:89:ab:cd:ef:01:23:45:67:89:AB:CD:EF:01:23:45:67:"
	    "89:"
	    "ab:cd:ef",
	    HEX32 HEX32 },
	{ "Admin", "Certificates", HEX32 HEX32 ":", NULL },
	{ "Admin", "Roles", "H=certificates:list+revoke, A=*:*",
	    "H=certificates:list+revoke, A=*:*" },
	{ "Limits", "SameCsrMinutes", "10081", NULL },
	{ "Log", "Target", "SYSLOG", "syslog" },
	{ "Log", "Target", "file:/var/log/x", "file:/var/log/x" },
	{ "Log", "Target", "file:x", NULL },
	{ "Log", "Target", "/var/log/x", NULL },
	{ "Log", "Level", "Warning", "warning" },
	{ "Log", "Level", "verbose", NULL },
};

static const struct config_key *
key_of(const char *section, const char *name)
{
	for (size_t i = 0; i < settings_table_count; i++)
		if (strcmp(settings_table_keys[i].section, section) == 0 &&
		    strcmp(settings_table_keys[i].name, name) == 0)
			return &settings_table_keys[i];
	ck_abort_msg("no key %s", name);
	return NULL;
}

/* "[Section] Key = normal  (", as config_apply_print begins the key's line. */
static void
assert_printed(const struct config *config, const struct settings *settings,
    const struct config_key *key, const char *normal)
{
	cleanup(buf_release) struct buf expected = BUF_INIT(4096);
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(to);
	config_apply_print(config, settings, to);
	ck_assert_int_eq(fclose(to), 0);
	config_key_text(key, &expected);
	buf_printf(&expected, " =%s%s  (x.conf:", normal[0] != '\0' ? " " : "", normal);
	ck_assert_msg(
	    strstr(text, buf_text(&expected)) != NULL, "no %s in %s", buf_text(&expected), text);
	free(text);
}

START_TEST(each_value_is_checked_and_made_uniform)
	{
		const struct config_key *key = key_of(VALUES[_i].section, VALUES[_i].name);
		bool needs_urls = strcmp(key->section, "Server") != 0;
		cleanup(config_freep) struct config *config =
		    config_new("x.conf", settings_table_keys, settings_table_count);
		cleanup(buf_release) struct buf text = BUF_INIT(65536);
		struct settings settings = { 0 };
		struct error err = { 0 };
		int result;

		if (key->section[0] != '\0')
			buf_printf(&text, "[%s]\n", key->section);
		buf_printf(&text, "%s = %s\n", key->name, VALUES[_i].value);
		if (strcmp(key->name, "BaseUrl") != 0 && !needs_urls)
			buf_add_text(&text, "BaseUrl = https://a\n");
		if (strcmp(key->name, "HttpBaseUrl") != 0 && !needs_urls)
			buf_add_text(&text, "HttpBaseUrl = http://a\n");
		if (needs_urls)
			buf_add_text(
			    &text, "[Server]\nBaseUrl = https://a\nHttpBaseUrl = http://a\n");
		ck_assert_int_eq(config_parse(config, buf_bytes(&text), &err), 0);
		result = config_apply(config, &settings, &err);
		if (VALUES[_i].normal != NULL) {
			ck_assert_msg(result == 0, "%s", err.text);
			assert_printed(config, &settings, key, VALUES[_i].normal);
		} else {
			ck_assert_int_eq(result, -1);
			ck_assert_msg(strncmp(err.text, "x.conf:", 7) == 0 &&
					  strstr(err.text, key->name) != NULL &&
					  strstr(err.text, "expected") != NULL,
			    "%s", err.text);
			ck_assert_ptr_null(strstr(err.text, "hunter2"));
		}
		config_apply_release(settings_table_keys, settings_table_count, &settings);
	}
END_TEST

static const struct {
	const char *text;
	const char *fault; /* NULL: it is good */
} RULES[] = {
	{ "", ": [Server] BaseUrl: not set, expected https://HOST[:PORT][/PATH]" },
	{ "[Server]\nBaseUrl = https://a\n",
	    ": [Server] HttpBaseUrl: not set, expected http://HOST[:PORT][/PATH]" },
	{ "[Server]\n" URLS "[DbCSRValidation]\nEnabled = true\n",
	    ": [AuthConfig] TenantId: not set, expected GUIDs of tenants since [DbCSRValidation] "
	    "Enabled is true" },
	{ "[Server]\n" URLS "[DbCSRValidation]\nEnabled = true\n[AuthConfig]\nTenantId = " GUID
	  "\n",
	    ": [AuthConfig] ApplicationId: not set, expected a GUID since [DbCSRValidation] "
	    "Enabled "
	    "is true" },
	{ "[Server]\n" URLS "[DbCSRValidation]\nEnabled = true\n[AuthConfig]\nTenantId = " GUID
	  "\nApplicationId = " GUID "\n",
	    NULL },
	{ "[Server]\n" URLS "[Database]\nHosts = db\n", NULL },
	{ "[Server]\n" URLS "[Database]\nHosts = db\nSocket = /run/x\n",
	    ":6: [Database] Socket: expected either Socket or Hosts, not both" },
	{ "[Server]\n" URLS "RequestTimeoutSeconds = 14\n", NULL },
	{ "[Server]\n" URLS "RequestTimeoutSeconds = 13\n",
	    ":4: [Server] RequestTimeoutSeconds: expected more than [Database] "
	    "ConnectTimeoutSeconds (3) for each of 1 servers plus ReadTimeoutSeconds (10), not "
	    "13" },
	{ "[Server]\n" URLS "RequestTimeoutSeconds = 17\n[Database]\nHosts = a, b\n", NULL },
	{ "[Server]\n" URLS "RequestTimeoutSeconds = 16\n[Database]\nHosts = a, b\n",
	    ":4: [Server] RequestTimeoutSeconds: expected more than [Database] "
	    "ConnectTimeoutSeconds (3) for each of 2 servers plus ReadTimeoutSeconds (10), not "
	    "16" },
	{ "[Server]\n" URLS "[Database]\nReadTimeoutSeconds = 27\n",
	    ": [Server] RequestTimeoutSeconds: expected more than [Database] "
	    "ConnectTimeoutSeconds (3) for each of 1 servers plus ReadTimeoutSeconds (27), not "
	    "30" },
	{ "[Server]\n" URLS "RequestTimeoutSeconds = 9\n",
	    ":4: [Server] RequestTimeoutSeconds: expected at least the 10 of [Database] "
	    "ReadTimeoutSeconds, not 9" },
	{ "[Server]\n" URLS "[Database]\nWriteTimeoutSeconds = 30\n", NULL },
	{ "[Server]\n" URLS "[Database]\nWriteTimeoutSeconds = 31\n",
	    ":5: [Database] WriteTimeoutSeconds: expected at most the 30 of [Server] "
	    "RequestTimeoutSeconds, not 31" },
};

START_TEST(rules_between_settings_hold)
	{
		cleanup(settings_freep) struct settings *settings = NULL;
		struct error err = { 0 };
		int result = load(RULES[_i].text, &settings, &err);
		const char *fault = strstr(err.text, "settings.");

		if (RULES[_i].fault == NULL) {
			ck_assert_msg(result == 0, "%s", err.text);
			return;
		}
		ck_assert_int_eq(result, -1);
		ck_assert_ptr_null(settings);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		ck_assert_ptr_nonnull(fault);
		ck_assert_str_eq(fault + strcspn(fault, ":"), RULES[_i].fault);
	}
END_TEST

START_TEST(hosts_leave_no_default_socket)
	{
		cleanup(settings_freep) struct settings *settings = NULL;
		struct error err = { 0 };

		ck_assert_int_eq(
		    load("[Server]\n" URLS "[Database]\nHosts = db\n", &settings, &err), 0);
		ck_assert_str_eq(settings->database.socket, "");
	}
END_TEST

START_TEST(the_environment_wins_over_the_file)
	{
		cleanup(settings_freep) struct settings *settings = NULL;
		struct error err = { 0 };

		ck_assert_int_eq(setenv("AppConfig:Server:Workers", "3", 1), 0);
		ck_assert_int_eq(
		    setenv("AppConfig__DbCSRValidation__ValidityPeriodDays", "30", 1), 0);
		ck_assert_int_eq(setenv("AppConfig__ValidityPeriodDays", "60", 1), 0);
		ck_assert_int_eq(load("[Server]\nWorkers = 5\n" URLS, &settings, &err), 0);
		ck_assert_uint_eq(settings->server.workers, 3);
		ck_assert_uint_eq(settings->validity_period_days, 60);
		ck_assert_uint_eq(settings->db_csr.validity_period_days, 30);
	}
END_TEST

static const struct {
	const char *text;
	bool is_warned;
} RENEWALS[] = {
	{ "", false },
	{ "AllowRenewals = true\n", true },
	{ "AllowRenewals = true\nReenrollmentAllowedCertificateTypes =\n", true },
	{ "AllowRenewals = true\nReenrollmentAllowedCertificateTypes = Static\n", false },
	{ "AllowRenewals = false\nReenrollmentAllowedCertificateTypes = Static\n", false },
	{ "AllowRenewals = false\n", false },
};

START_TEST(renewals_that_no_type_may_use_are_told)
	{
		cleanup(settings_freep) struct settings *settings = NULL;
		cleanup(buf_release) struct buf text = BUF_INIT(4096);
		struct error err = { 0 };
		const char *why;

		buf_printf(&text, "[DbCSRValidation]\n%s[Server]\n" URLS, RENEWALS[_i].text);
		ck_assert_msg(load(buf_text(&text), &settings, &err) == 0, "%s", err.text);
		why = settings_why_no_renewal(settings);
		ck_assert((why != NULL) == RENEWALS[_i].is_warned);
		if (why != NULL)
			ck_assert_ptr_nonnull(strstr(why, "ReenrollmentAllowedCertificateTypes"));
	}
END_TEST

START_TEST(printing_ends_with_notes)
	{
		cleanup(file_release) struct file file =
		    file_of("[Server]\n" URLS "[DbCSRValidation]\nAllowRenewals = true\n");
		struct error err = { 0 };
		char *text = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&text, &len);

		ck_assert_int_eq(setenv("AppConfig__LicenseKey", "hush", 1), 0);
		ck_assert_int_eq(settings_print(file.path, to, &err), 0);
		ck_assert_int_eq(fclose(to), 0);
		ck_assert_ptr_nonnull(strstr(text, "[Server] Workers = 8  (default)\n"));
		ck_assert_ptr_nonnull(
		    strstr(text, "[Database] Socket = /run/mysqld/mysqld.sock  (default)\n"));
		ck_assert_ptr_nonnull(
		    strstr(text, "note: [DbCSRValidation] AllowRenewals is on, but "));
		ck_assert_ptr_nonnull(strstr(
		    text, "ignored: environment \"AppConfig__LicenseKey\", no such setting\n"));
		ck_assert_ptr_null(strstr(text, "hush"));
		free(text);
	}
END_TEST

/* Reads a file of the source tree. */
static void
read_source(const char *name, struct buf *out)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], chunk[4096];
	size_t len;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", srcdir != NULL ? srcdir : ".", name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "cannot open %s", path);
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(out, bytes_of(chunk, len));
	(void)fclose(file);
}

/* The text of a sample's or a page's section, up to the next one. */
static struct bytes
section_of(struct buf *text, const char *heading)
{
	const char *all = buf_text(text);
	const char *start = strstr(all, heading);
	const char *end;

	ck_assert_msg(start != NULL, "no %s", heading);
	start += strlen(heading);
	end = heading[0] == '.' ? strstr(start, "\n.Ss [") : strstr(start, "\n[");
	return bytes_of(start, end != NULL ? (size_t)(end - start) : strlen(start));
}

/* What the sample says: "#Key = default", the default of Socket being one of the rules. */
static void
sample_line(const struct config_key *key, struct buf *out)
{
	const char *fallback = key->fallback;

	if (strcmp(key->name, "Socket") == 0)
		fallback = "/run/mysqld/mysqld.sock";
	if (key->section[0] == '\0' && strcmp(key->name, "ValidityPeriodDays") == 0)
		buf_add_text(out, "\nValidityPeriodDays = 730\n");
	else
		buf_printf(
		    out, "\n#%s =%s%s\n", key->name, fallback[0] != '\0' ? " " : "", fallback);
}

START_TEST(the_sample_file_shows_every_key_with_its_default)
	{
		cleanup(buf_release) struct buf sample = BUF_INIT(1 << 20);
		cleanup(buf_release) struct buf line = BUF_INIT(4096);
		char heading[64] = "\n";
		struct bytes section;

		read_source("deploy/certwright.conf", &sample);
		sample_line(&settings_table_keys[_i], &line);
		if (settings_table_keys[_i].section[0] != '\0')
			(void)snprintf(
			    heading, sizeof(heading), "\n[%s]\n", settings_table_keys[_i].section);
		section = section_of(&sample, heading);
		ck_assert_msg(memmem(section.ptr, section.len, buf_text(&line),
				  strlen(buf_text(&line))) != NULL,
		    "deploy/certwright.conf lacks %s", buf_text(&line));
	}
END_TEST

START_TEST(the_man_page_describes_every_key)
	{
		cleanup(buf_release) struct buf page = BUF_INIT(1 << 20);
		const struct config_key *key = &settings_table_keys[_i];
		char heading[64] = ".Ss General keys\n", item[64];
		struct bytes section;

		read_source("man/certwright.conf.5", &page);
		(void)snprintf(item, sizeof(item), ".It Cm %s\n", key->name);
		if (key->section[0] != '\0')
			(void)snprintf(heading, sizeof(heading), ".Ss [%s]\n", key->section);
		section = section_of(&page, heading);
		ck_assert_msg(memmem(section.ptr, section.len, item, strlen(item)) != NULL,
		    "certwright.conf.5 lacks %s", item);
	}
END_TEST

START_TEST(the_sample_file_lacks_only_what_is_required)
	{
		cleanup(buf_release) struct buf sample = BUF_INIT(1 << 20);
		cleanup(settings_freep) struct settings *settings = NULL;
		struct error err = { 0 };

		read_source("deploy/certwright.conf", &sample);
		ck_assert_int_eq(setenv("AppConfig__Server__BaseUrl", "https://a", 1), 0);
		ck_assert_int_eq(setenv("AppConfig__Server__HttpBaseUrl", "http://a", 1), 0);
		ck_assert_msg(load(buf_text(&sample), &settings, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(settings->validity_period_days, 730);
	}
END_TEST

START_TEST(every_row_of_the_table_is_whole)
	{
		const struct config_key *key = &settings_table_keys[_i];

		ck_assert_ptr_nonnull(key->section);
		ck_assert_ptr_nonnull(key->fallback);
		ck_assert_ptr_nonnull(key->help);
		if (key->type != CONFIG_BOOLEAN && key->type != CONFIG_NUMBER)
			ck_assert_ptr_nonnull(key->expected);
		if (key->type == CONFIG_NUMBER)
			ck_assert_uint_lt(key->min, key->max);
		for (int i = 0; i < _i; i++)
			ck_assert(strcasecmp(settings_table_keys[i].name, key->name) != 0 ||
				  strcasecmp(settings_table_keys[i].section, key->section) != 0);
	}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int
main(void)
{
	Suite *suite = suite_create("settings");
	TCase *tests = tcase_create("settings");
	SRunner *runner = srunner_create(suite);
	int rows = (int)settings_table_count, failed;

	tcase_add_test(tests, defaults_are_as_documented);
	tcase_add_loop_test(tests, each_value_is_checked_and_made_uniform, 0, COUNT(VALUES));
	tcase_add_loop_test(tests, rules_between_settings_hold, 0, COUNT(RULES));
	tcase_add_test(tests, hosts_leave_no_default_socket);
	tcase_add_test(tests, the_environment_wins_over_the_file);
	tcase_add_loop_test(tests, renewals_that_no_type_may_use_are_told, 0, COUNT(RENEWALS));
	tcase_add_test(tests, printing_ends_with_notes);
	tcase_add_loop_test(tests, the_sample_file_shows_every_key_with_its_default, 0, rows);
	tcase_add_loop_test(tests, the_man_page_describes_every_key, 0, rows);
	tcase_add_test(tests, the_sample_file_lacks_only_what_is_required);
	tcase_add_loop_test(tests, every_row_of_the_table_is_whole, 0, rows);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
