/* certwright: finds the subcommand, and makes the process safe before it runs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} COMMANDS[] = {
	{ "serve", cmd_serve, "answer requests" },
	{ "maintain", cmd_maintain, "run the jobs that are due" },
	{ "migrate", cmd_migrate, "bring the database's schema up to date" },
	{ "check-config", cmd_check_config, "check and show the settings" },
	{ "ca", cmd_ca, "make and manage certificate authorities" },
	{ "ra", cmd_ra, "make and manage registration authorities for SCEP" },
	{ "key", cmd_key, "list keys and manage the keyring" },
	{ "profile", cmd_profile, "show and change RA profiles" },
	{ "scep-profile", cmd_scep_profile, "show and change SCEP profiles" },
	{ "cert", cmd_cert, "show and revoke certificates" },
	{ "recover", cmd_recover, "take back what a restored dump lacks" },
};
enum { COMMAND_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]) };

static void
print_help(FILE *to)
{
	(void)fprintf(to, "Usage: certwright COMMAND [options]\n\nCommands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(to, "  %-14s %s\n", COMMANDS[i].name, COMMANDS[i].help);
	(void)fprintf(to, "\n  --help         print this and end; each command has its own\n"
			  "  --version      print the version and end\n");
}

/* FastCGI starts programs with 1 and 2 closed; a file of ours must never get such a number. */
static int
open_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

/* No core dump may hold a key; files are ours alone; a lost peer is an error, not a signal. */
static int
harden(void)
{
	const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };

	(void)umask(077);
	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int
main(int argc, char **argv)
{
	if (open_standard_fds() < 0 || harden() < 0) {
		perror("certwright");
		return CMD_INTERNAL;
	}
	if (argc < 2) {
		print_help(stderr);
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0) {
		print_help(stdout);
		return CMD_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		(void)printf("certwright %s\n", PACKAGE_VERSION);
		return CMD_OK;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(argv[1], COMMANDS[i].name) == 0)
			return COMMANDS[i].run(argc - 1, argv + 1);
	(void)fprintf(
	    stderr, "certwright: unknown command \"%s\"; see certwright --help\n", argv[1]);
	return CMD_USAGE;
}
