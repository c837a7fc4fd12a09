#ifndef ENROLL_AUTHORITIES_AUTHORITY_H
#define ENROLL_AUTHORITIES_AUTHORITY_H

#include "base/settings.h"
#include "enroll/authorities/authority_key.h"
#include "store/authorities.h"

/* What every use case needs; borrowed. */
struct authority_context {
	struct db *db;
	const struct settings *settings;
	const char *actor; /* for the audit */
	int64_t now;
};

/* What to make; borrowed. A member that a use case does not name is not looked at. */
struct authority_plan {
	const char *name;
	struct authority_key_choice key;
	const char *subject; /* RFC 4514 text; NULL: CN=NAME */
	unsigned days;
	int path_len;  /* negative: no limit */
	bool outer;    /* make a request for an outer CA in place of a certificate */
	bool activate; /* rekey: at once */
};

/* What was done. */
struct authority_outcome {
	struct generation generation; /* the one that was made or changed */
	char former[49];              /* label of the one that was active before, "" for none */
	bool activated;
	bool profile_made;  /* the RA profile "default" */
	size_t cross_count; /* cross-certificates made */
	char key_uri[1025];
};

void authority_outcome_release(struct authority_outcome *outcome);

/*
 * A new authority: its key, its first generation and, if there is no RA profile
 * "default", that one; of the plan everything but `activate`. ERR_CONFIG for a wrong name, subject
 * or key type; ERR_CONFLICT when the name is taken. When only the records could not be made,
 * the text says where the new key stays.
 */
int authority_create(const struct authority_context *context, const struct authority_plan *plan,
    struct authority_outcome *out, struct error *err);

/*
 * The same key in a new generation (plan: name, days, outer), active at once unless
 * it goes to an outer CA. ERR_CONFLICT when an outer CA has signed the present one and `outer`
 * is not set.
 */
int authority_renew(const struct authority_context *context, const struct authority_plan *plan,
    struct authority_outcome *out, struct error *err);

/*
 * A new key in a new generation with the same subject (plan: name, key, days,
 * outer, activate), and a cross-certificate in each direction (RFC 4210, 4.4).
 */
int authority_rekey(const struct authority_context *context, const struct authority_plan *plan,
    struct authority_outcome *out, struct error *err);

/* Makes a pending generation the active one; the former is retired in the same transaction. */
int authority_activate(const struct authority_context *context, const char *label,
    struct authority_outcome *out, struct error *err);

/* Retires a generation; the active one only when forced, ERR_CONFLICT otherwise. */
int authority_retire(const struct authority_context *context, const char *label, bool force,
    struct authority_outcome *out, struct error *err);

/*
 * A new authority's row for a name that is well formed and can be mistaken for no
 * other authority and no label. ERR_CONFIG, ERR_CONFLICT.
 */
int authority_check_new(struct db *db, const char *name, struct authority *out, struct error *err);

/* The generation of this label, or the active one of this authority. ERR_NOT_FOUND. */
int authority_find_generation(
    struct db *db, const char *name, struct generation *out, struct error *err);

#endif
