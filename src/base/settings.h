#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/config.h"
#include "base/error.h"

/*
 * Every setting, as certwright.conf(5) describes it. Filled from one table
 * (base/settings.c); texts are never NULL ("" when not set), and belong here.
 */
struct settings {
	/* general, before the first section */
	uint32_t validity_period_days;
	uint32_t validity_clock_skew_minutes;
	bool use_requested_key_usages;

	struct {
		bool enabled;
		uint32_t validity_period_days; /* 0: none of its own */
		bool allow_renewals;
		struct text_list reenrollment_types;
		struct text_list default_ekus; /* dotted OIDs */
		char *ra_profile;
	} db_csr;

	struct {
		struct text_list tenant_ids; /* GUIDs in lower case */
		char *application_id;        /* GUID in lower case */
		char *authority_host;        /* https://HOST[:PORT], no trailing slash */
		char *v1_issuer;             /* with its trailing slash, tenant follows */
		char *ca_bundle;
		bool accept_v1;
		bool accept_v2;
		uint32_t unknown_kid_refresh_s;
	} auth;

	struct {
		char *base_url;      /* https://..., no trailing slash */
		char *http_base_url; /* http://..., no trailing slash */
		char *listen;        /* path of a Unix socket, or "" */
		uint32_t workers;
		uint32_t request_timeout_s;
		uint32_t max_requests; /* 0: a worker is never recycled */
		uint32_t max_body_bytes;
		char *state_dir;
		struct text_list trusted_proxies;
		bool allow_plain_http;
		struct text_list accept_verify_results;
		char *est_cacerts; /* issuer, full */
		char *issued_log;  /* "": none is written */
	} server;

	struct {
		struct text_list hosts; /* HOST, HOST:PORT or [V6]:PORT */
		char *socket;
		char *name;
		char *user;
		char *password_file;
		char *maintain_user; /* "": user, with password_file */
		char *maintain_password_file;
		char *tls_ca;
		uint32_t connect_timeout_s;
		uint32_t read_timeout_s;
		uint32_t write_timeout_s;
		bool require_durable;
	} database;

	struct {
		char *keyring_file;
	} keys;

	struct {
		struct text_list certificates;
		struct text_list roles;
	} admin;

	struct {
		bool allow_other_names;
	} self_service;

	struct {
		uint32_t per_principal_per_hour;  /* 0: no limit */
		uint32_t unexpired_per_principal; /* 0: no limit */
		uint32_t same_csr_minutes;        /* 0: off */
	} limits;

	struct {
		char *source;        /* Storage; None: no CRL is published */
		char *request_token; /* "": no further URL */
		bool add_cdp;
		bool add_idp;
		uint32_t validity_s; /* from thisUpdate to nextUpdate */
		uint32_t
		    overlap_percent; /* of the validity; with less left the next is published */
		bool publish_on_revocation;
		uint32_t delta_s; /* a delta CRL so often; 0: none */
		char *directory;  /* "": StateDir/crl */
	} crl;

	struct {
		bool use_authorized_responder;
		uint32_t responder_validity_s;
		uint32_t good_s;      /* from thisUpdate to nextUpdate */
		uint32_t other_s;     /* on hold, or unknown */
		uint32_t reuse_s;     /* 0: each answer is signed */
		char *unknown_serial; /* unknown, revoked */
	} ocsp;

	struct {
		char *token_file;
		struct text_list addresses;
	} metrics;

	struct {
		uint32_t interval_s;
		uint32_t warn_days;
		char *warn_command;
		uint32_t purge_certificates_days; /* 0: never */
		uint32_t purge_audit_days;        /* 0: never */
		char *export_dir;                 /* "": StateDir/export */
	} maintain;

	struct {
		char *target; /* stderr, syslog, or file:/PATH */
		char *level;  /* error, warning, info, debug */
	} log;
};

void settings_free(struct settings *settings);
DEFINE_CLEANUP(struct settings *, settings_free)

/*
 * Reads the file, then the environment (SCEPman's two spellings), applies the
 * table's types, ranges and defaults, and the rules between settings.
 * ERR_CONFIG names file, line and what was expected; a secret is never quoted.
 * On success *out belongs to the caller.
 */
int settings_load(const char *path, struct settings **out, struct error *err);

/* Why no certificate can be renewed although AllowRenewals is on; NULL: some can, or it is off. */
const char *settings_why_no_renewal(const struct settings *settings);

/* For check-config: each setting, its value (secrets hidden), and where it came from. */
int settings_print(const char *path, FILE *to, struct error *err);

#endif
