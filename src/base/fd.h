#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"

/* File descriptors by scope, and the calls on them that a signal may interrupt. */

/* For cleanup(): closes one that is not -1. */
void fd_close(const int *fd);

/* Writes all of it; -1 with errno. */
int fd_write_all(int fd, struct bytes octets);

/* Waits for the lock of the whole file (flock), which ends with its last descriptor; -1 with errno.
 */
int fd_lock(int fd);

/* The same, for at most so long: EWOULDBLOCK then. Whoever stopped while he held it must not keep
 * others from their work. */
int fd_lock_within(int fd, int64_t limit_ms);

#endif
