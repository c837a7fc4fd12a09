/* The one table of what is counted: names, helps, and the values that labels take. */
#include "base/counter_table.h"

#define VALUES(list) (list), sizeof(list) / sizeof((list)[0])

static const char *const protocols[] = { "rest", "est", "scep", "other" };
static const char *const types[] = { "Static", "IntuneUser", "ScepRa", "other" };
static const char *const actions[] = { "hold", "release", "revoke" };
static const char *const routes[] = { "enroll", "renew", "ocsp", "crl", "management", "other" };
static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };
static const char *const answers[] = { "good", "revoked", "unknown", "malformed_request",
	"internal_error", "try_later", "unauthorized" };
static const char *const origins[] = { "signed", "reused", "unsigned" };
static const char *const crls[] = { "full", "delta" };
static const char *const database[] = { "connected", "unreachable", "lost", "repeated", "retried" };
static const char *const workers[] = { "started", "ended", "died", "killed" };
static const char *const jobs[] = { "identity-keys", "ocsp-responders", "publish-crls", "crl-files",
	"journal", "purge", "expiry", "other" };
static const char *const results[] = { "done", "failed", "elsewhere", "not_due", "other" };

/* By enum error_code, in its order and without a gap. */
static const char *const reasons[] = { "none", "config", "bad_request", "body_form", "csr_syntax",
	"csr_signature", "key", "name", "json", "validation", "too_large", "no_credential", "token",
	"no_client_cert", "client_cert", "renewal", "origin", "media_type", "role", "profile",
	"self_service", "needs_tls", "switched_off", "not_found", "method", "no_certificate",
	"revoked", "state", "conflict", "limit", "internal", "not_built", "database",
	"identity_keys", "ca_key", "not_ready" };

_Static_assert(
    sizeof(reasons) / sizeof(reasons[0]) == ERROR_CODES, "each enum error_code has its name here");

/* clang-format off */
const struct counter_family counter_table[COUNTER_FAMILIES] = {
	[COUNTER_ISSUED] = { .name = "certwright_certificates_issued_total",
	    .help = "Certificates issued to who enrolled.",
	    .labels = { { "protocol", VALUES(protocols) }, { "type", VALUES(types) } } },
	[COUNTER_RENEWED] = { .name = "certwright_certificates_renewed_total",
	    .help = "Certificates issued in renewal of an earlier one.",
	    .labels = { { "protocol", VALUES(protocols) }, { "type", VALUES(types) } } },
	[COUNTER_REVOCATIONS] = { .name = "certwright_certificates_revoked_total",
	    .help = "Certificates put on hold, released from it, or revoked.",
	    .labels = { { "action", VALUES(actions) } } },
	[COUNTER_REFUSED] = { .name = "certwright_refused_total",
	    .help = "Requests answered by an error, by its reason.",
	    .labels = { { "reason", VALUES(reasons) } } },
	[COUNTER_REQUESTS] = { .name = "certwright_requests_total",
	    .help = "Requests answered, by what they were for and the class of the status.",
	    .labels = { { "route", VALUES(routes) }, { "status", VALUES(classes) } } },
	[COUNTER_REQUEST_TIME] = { .name = "certwright_request_duration_seconds",
	    .help = "Time from a request's parameters to its answer, without sending it.",
	    .kind = COUNTER_HISTOGRAM,
	    .labels = { { "route", VALUES(routes) } } },
	[COUNTER_OCSP] = { .name = "certwright_ocsp_answers_total",
	    .help = "OCSP answers, by what they said and how they were made.",
	    .labels = { { "answer", VALUES(answers) }, { "origin", VALUES(origins) } } },
	[COUNTER_CRLS] = { .name = "certwright_crls_published_total",
	    .help = "CRLs signed and stored by this service.",
	    .labels = { { "kind", VALUES(crls) } } },
	[COUNTER_DATABASE] = { .name = "certwright_database_events_total",
	    .help = "Connections opened, failed and lost, queries asked again, transactions retried.",
	    .labels = { { "event", VALUES(database) } } },
	[COUNTER_WORKERS] = { .name = "certwright_worker_events_total",
	    .help = "Workers started, ended in order, died, and killed because they hung.",
	    .labels = { { "event", VALUES(workers) } } },
	[COUNTER_JOBS] = { .name = "certwright_job_runs_total",
	    .help = "Looks at jobs by this service's own maintain processes, by what came of them.",
	    .labels = { { "job", VALUES(jobs) }, { "result", VALUES(results) } } },
	[COUNTER_JOB_TIME] = { .name = "certwright_job_run_seconds_total",
	    .help = "Time spent in jobs by this service's own maintain processes.",
	    .kind = COUNTER_SECONDS,
	    .labels = { { "job", VALUES(jobs) } } },
};
/* clang-format on */
