#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/error.h"

/* What certwright's subcommands end with: sysexits(3), and 1 for a plain refusal. */
enum cmd_exit {
	CMD_OK = 0,
	CMD_REFUSED = 1,      /* asked for something that the records or rules do not allow */
	CMD_USAGE = 64,       /* wrong options or arguments */
	CMD_UNAVAILABLE = 69, /* something needed is away: the database, a host */
	CMD_INTERNAL = 70,    /* our own fault */
	CMD_TEMPORARY = 75,   /* try again later: busy, conflict */
	CMD_CONFIG = 78       /* a setting, schema or key file is wrong */
};

/*
 * One subcommand each. argv[0] is the subcommand's name, argv[1] its first
 * option; the result is the process's exit status.
 */
int cmd_serve(int argc, char **argv);
int cmd_maintain(int argc, char **argv);
int cmd_migrate(int argc, char **argv);
int cmd_check_config(int argc, char **argv);
int cmd_ca(int argc, char **argv);
int cmd_ra(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_profile(int argc, char **argv);
int cmd_scep_profile(int argc, char **argv);
int cmd_cert(int argc, char **argv);
int cmd_recover(int argc, char **argv);

/* The exit status for an error of this code. */
int cmd_status(enum error_code code);

/* Writes "certwright NAME: TEXT" to stderr and returns the exit status for err. */
int cmd_fail(const char *name, const struct error *err);

#endif
