#ifndef ENROLL_PROFILES_PROFILE_ARCHIVE_H
#define ENROLL_PROFILES_PROFILE_ARCHIVE_H

#include "store/audit.h"
#include "store/ra_profiles.h"

/* What became of an RA profile that was to go. */
enum profile_fate {
	PROFILE_DELETED,
	PROFILE_ARCHIVED /* its row stays, and with it its name: certificates are of it, another
			    profile admits those, or it may have issued a moment ago */
};

/*
 * Takes the profile out of use: it is deactivated for SCEP, is no SCEP profile's default any more,
 * and is deleted where nothing can refer to it, else archived and disabled for good. Every
 * certificate keeps its profile's row. One transaction with its audit row. One that is archived
 * already may be deleted so later. ERR_NOT_FOUND.
 */
int profile_archive_remove(struct db *db, const struct audit_actor *actor, const struct uuid *id,
    enum profile_fate *fate, struct error *err);

#endif
