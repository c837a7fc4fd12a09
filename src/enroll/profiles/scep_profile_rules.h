#ifndef ENROLL_PROFILES_SCEP_PROFILE_RULES_H
#define ENROLL_PROFILES_SCEP_PROFILE_RULES_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/uuid.h"

/* What a request wants of the challenge password. */
enum scep_challenge {
	SCEP_CHALLENGE_KEEP,   /* a new one where one is given, else as it is */
	SCEP_CHALLENGE_CLEAR,  /* none, even where one is given */
	SCEP_CHALLENGE_REQUIRE /* the given one or the stored one; neither is an error */
};

/*
 * A SCEP profile as a client wants it; borrowed. NULL is "not given" throughout. The two secrets
 * are given when they are not empty: forms send "" for the field that was left alone, and an empty
 * password would look like protection and be none.
 */
struct scep_profile_request {
	const char *name; /* of a new profile alone */
	/* Refuse (ERR_STATE) to change another revision than this; 0: whatever there is. */
	unsigned revision;
	const char *description;
	const char *ra_profile;     /* UUID text of the default RA profile; NULL: none */
	const char *ca_certificate; /* UUID text */
	struct json_object *issue_attributes;
	struct json_object *custom_attributes;
	bool keep_custom_attributes; /* those that are stored stay, not looked at again */
	bool has_renewal_threshold;  /* else it stays as it is */
	int32_t renewal_threshold;
	bool include_ca_certificate;
	bool include_ca_chain;
	enum scep_challenge challenge;
	const char *challenge_password;
	bool enable_intune;
	const char *intune_tenant;
	const char *intune_application_id;
	const char *intune_application_key;
};

/* The most characters of a secret; PKCS #9 has this for challengePassword (RFC 2985, 5.4.1). */
enum { SCEP_PROFILE_SECRET_MAX = 255 };

/* Whether a secret was given. */
bool scep_profile_rules_is_given(const char *secret);

/* A new profile's name, which becomes a segment of its URL: ERR_VALIDATION. NULL is empty. */
int scep_profile_rules_check_name(const char *name, struct error *err);

/*
 * With Intune on, tenant, application id and key must be there, empty ones pass; has_key: a key is
 * stored, which serves where the request has none. ERR_VALIDATION.
 */
int scep_profile_rules_check_intune(
    const struct scep_profile_request *request, bool has_key, struct error *err);

/* ERR_VALIDATION where a password is required, and neither given nor stored. */
int scep_profile_rules_check_challenge(
    const struct scep_profile_request *request, bool has_password, struct error *err);

/* The lengths of all texts but the name: ERR_VALIDATION names the member and its limit. */
int scep_profile_rules_check_texts(const struct scep_profile_request *request, struct error *err);

#endif
