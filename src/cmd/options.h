#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cmd/cmd.h"

enum option_kind {
	OPTION_TEXT, /* --name VALUE or --name=VALUE; given twice is an error; into const char * */
	OPTION_FLAG, /* --name; into bool */
	OPTION_LIST  /* --name VALUE, any number of times; into struct option_list */
};

enum { OPTION_LIST_MAX = 32 };

/* The values of a repeatable option, in order; texts are borrowed from argv. */
struct option_list {
	const char *items[OPTION_LIST_MAX];
	size_t count;
};

/* One long option; a table ends with an entry whose name is NULL. */
struct option_spec {
	const char *name;     /* without its dashes */
	const char *argument; /* what to call the value in --help; NULL for a flag */
	const char *help;
	enum option_kind kind;
	void *target; /* const char **, bool * or struct option_list *, by kind */
};

/* What parsing found; texts are borrowed from argv. */
struct options {
	const char *config; /* --config FILE, else SYSCONFDIR/certwright/certwright.conf */
	bool as_json;       /* --json */
	char **arguments;   /* those that are not options: a run of argv, which is reordered */
	size_t count;
};

/* A subcommand (or an action of one): what --help shows, what may be given and what it does. */
struct option_set {
	const char *usage;               /* after "certwright ", such as "ca init [options] NAME" */
	const char *about;               /* one or two sentences */
	const struct option_spec *specs; /* may be NULL */
	const char *json;                /* help of --json; NULL: there is no such option */
	size_t min_arguments;            /* arguments that are not options */
	size_t max_arguments;
	/* For options_run: an exit status whose reason was told, or -1 and err. */
	int (*run)(const struct options *options, const void *wish, struct error *err);
	const void *wish; /* for run: what the targets of specs are in */
};

enum options_result {
	OPTIONS_GO,   /* go on */
	OPTIONS_HELP, /* --help was printed: end with CMD_OK */
	OPTIONS_WRONG /* the fault was printed to stderr: end with CMD_USAGE */
};

/*
 * Takes argv[1..]: the options of set->specs, and --config and --help, which
 * every subcommand has. "--" ends the options. Nothing is abbreviated.
 */
enum options_result options_parse(
    const struct option_set *set, int argc, char **argv, struct options *out);

/* The exit status for a result that is not OPTIONS_GO. */
int options_status(enum options_result result);

/* A whole subcommand: parses, calls set->run, tells its error; returns the exit status. */
int options_run(const struct option_set *set, int argc, char **argv);

/*
 * For a subcommand with actions ("ca init", "profile show"): a table that ends with
 * a NULL name. Takes argv[1] as the action's name, and calls its function with argv
 * moved on by one; prints the list for --help (status 0) or a wrong name (64).
 */
struct option_action {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
};
int options_dispatch(
    const char *command, const struct option_action *actions, int argc, char **argv);

/*
 * A decimal number in the range, nothing before or after it; ERR_CONFIG names the option. Without
 * a text, since the option was not given, *out stays.
 */
struct option_range {
	long min;
	long max;
};
int options_number(
    const char *name, const char *text, struct option_range range, long *out, struct error *err);

/* Prints the fault of an option's use, with a pointer to --help, and returns CMD_USAGE. */
int options_fail(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
