#ifndef ENROLL_JOBS_WARN_COMMAND_H
#define ENROLL_JOBS_WARN_COMMAND_H

#include "base/error.h"

enum { WARN_COMMAND_LIMIT_MS = 30000 };

/*
 * Runs a program of the administrator's without a shell, with these environment variables
 * ("NAME=value", NULL at the end) and PATH alone, its standard input and outputs /dev/null, and
 * waits for it; after limit_ms it is killed with all that is left of its process group. Only root
 * and we may be able to change it, as command_path_check says. ERR_CONFIG: it is not run;
 * ERR_INTERNAL: it could not be, failed, or was killed.
 */
int warn_command_run(
    const char *path, const char *const *environment, unsigned limit_ms, struct error *err);

#endif
