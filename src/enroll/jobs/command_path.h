#ifndef ENROLL_JOBS_COMMAND_PATH_H
#define ENROLL_JOBS_COMMAND_PATH_H

#include "base/error.h"

/*
 * Whether what is run by this path can be changed by us and root alone: the program and each folder
 * on the way to it are ours or root's and not writable by others, unless a folder has the sticky
 * bit; symbolic links are followed, are ours or root's too, and their folders are looked at as all
 * others. ERR_CONFIG: it can be, or is no program, or the path is not absolute.
 */
int command_path_check(const char *path, struct error *err);

#endif
