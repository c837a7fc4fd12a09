#ifndef ENROLL_STATUS_CRL_FILES_H
#define ENROLL_STATUS_CRL_FILES_H

#include "enroll/jobs/job.h"

/*
 * The CRLs that the database holds, as files of this host: LABEL.crl, LABEL.crl.pem,
 * LABEL-delta.crl and LABEL-delta.crl.pem of every generation that signs, in [CRL] Directory. A
 * file is replaced whole or not at all, and never by a CRL of a smaller number; without the
 * database all stay. A host job under a lock in the folder. What fails for one CRL does not keep
 * the others.
 */
extern const struct job crl_files_job;

enum { CRL_FILES_PATH_MAX = 4096 };

/* [CRL] Directory, StateDir/crl where that is empty. ERR_CONFIG: longer than a path may be. */
int crl_files_directory(
    const struct settings *settings, char out[static CRL_FILES_PATH_MAX], struct error *err);

/* What the job does once. */
int crl_files_write(struct db *db, const struct settings *settings, struct error *err);

#endif
