#ifndef ENROLL_JOBS_PURGE_H
#define ENROLL_JOBS_PURGE_H

#include "enroll/jobs/job.h"

/*
 * The cluster job "purge": certificates and audit rows older than [Maintain] wants to keep are
 * written whole to a file in ExportDir, one JSON object a line, and deleted once that is on disk.
 * Only what was exported unchanged is deleted; a run that is killed may export rows twice.
 */
extern const struct job purge_job;

#endif
