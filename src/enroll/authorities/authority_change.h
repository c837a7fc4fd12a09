#ifndef ENROLL_AUTHORITIES_AUTHORITY_CHANGE_H
#define ENROLL_AUTHORITIES_AUTHORITY_CHANGE_H

#include "enroll/authorities/authority.h"
#include "enroll/authorities/authority_key.h"
#include "store/ra_profiles.h"

/* Everything that one use case writes; NULL members are left out, all pointers borrowed. */
struct authority_change {
	const char *action; /* of the audit row, "ca.init" */
	const char *detail;
	const struct authority *authority;
	bool is_new;                        /* insert the authority too */
	const struct authority_key *key;    /* inserted where it is not on record yet */
	const struct generation *insert;    /* a new generation */
	const struct generation *certified; /* the pending one that gets its certificate */
	const struct generation *activate;  /* pending becomes active, the active one retired */
	const struct generation *retire;
	const struct cross_certificate *crosses;
	size_t cross_count;
	const struct ra_profile *profile;  /* inserted unless its name is taken */
	struct authority_outcome *outcome; /* former, activated, profile_made are filled in */
};

/*
 * Writes it in one transaction with its audit row. ERR_CONFLICT when the authority
 * changed since it was read; the text of any error says so when the outcome is unknown.
 */
int authority_change_apply(const struct authority_context *context,
    const struct authority_change *change, struct error *err);

#endif
