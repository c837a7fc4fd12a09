#ifndef HTTP_POOL_CHILD_H
#define HTTP_POOL_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "base/error.h"

/* The signals that masters and workers keep blocked and read from a descriptor. */
void pool_child_signals(sigset_t *set);

/* Blocks them and makes the descriptor. ERR_INTERNAL. */
int pool_child_signal_fd(int *fd, struct error *err);

/*
 * Forks a child that gets SIGTERM when its parent ends; returns as fork does. The name is what ps
 * shows of it (at most 15 characters).
 */
pid_t pool_child_fork(const char *name);

/*
 * The same for a short-lived child that runs a check or a job: default signals, nothing
 * blocked, and the listening socket closed.
 */
pid_t pool_child_fork_job(const char *name, int listen_fd);

/* The exit status by which a shell would show this wait status. */
int pool_child_status(int wait_status);

#endif
