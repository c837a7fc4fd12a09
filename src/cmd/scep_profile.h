#ifndef CMD_SCEP_PROFILE_H
#define CMD_SCEP_PROFILE_H

#include "api/management/scep_profile_dto.h"
#include "cmd/records.h"
#include "enroll/profiles/scep_profile_change.h"

/* What the actions of `scep-profile` that change something need. */
struct scep_profile_records {
	struct records records;
	struct keyring *keyring; /* NULL: [Keys] KeyringFile is not set */
	struct audit_actor actor;
	struct scep_profile_context change; /* points into this struct: it must not be copied */
};

void scep_profile_records_release(struct scep_profile_records *all);
int scep_profile_records_open(
    const char *config, struct scep_profile_records *all, struct error *err);

/* The profile of this name; ERR_NOT_FOUND tells where all are listed. */
int scep_profile_find(
    struct db *db, const char *name, struct scep_profile **out, struct error *err);

/* With what profiles are shown; borrowed from records. */
struct scep_profile_view scep_profile_view_of(const struct records *records);

/* The actions that write a whole profile. */
int scep_profile_create(int argc, char **argv);
int scep_profile_set(int argc, char **argv);

#endif
