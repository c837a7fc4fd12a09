/* Long options by table, the same for every subcommand. */
#define _GNU_SOURCE
#include "cmd/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

enum { HELP_COLUMN = 28 };

static const char DEFAULT_CONFIG[] = SYSCONFDIR "/certwright/certwright.conf";

/* One run of options_parse. */
struct parser {
	const struct option_set *set;
	const struct option_spec *common; /* --config, and --json of a set that has it */
	int argc;
	char **argv;
	int next;
};

/* "ca init" of "ca init [options] NAME": what the command is called in faults. */
static int
command_length(const char *usage)
{
	size_t len = strspn(usage, "abcdefghijklmnopqrstuvwxyz- ");

	while (len > 0 && usage[len - 1] == ' ')
		len--;
	return (int)len;
}

static void
print_row(const char *name, const char *argument, const char *help)
{
	int width = printf(
	    "  --%s%s%s", name, argument != NULL ? " " : "", argument != NULL ? argument : "");

	if (width >= HELP_COLUMN)
		width = printf("\n") - 1;
	while (help != NULL) {
		const char *end = strchr(help, '\n');
		int len = (int)(end != NULL ? (size_t)(end - help) : strlen(help));

		(void)printf("%*s%.*s\n", HELP_COLUMN - width, "", len, help);
		help = end != NULL ? end + 1 : NULL;
		width = 0; /* the next line stays in its column */
	}
}

static void
print_help(const struct option_set *set)
{
	(void)printf("Usage: certwright %s\n\n%s\n\nOptions:\n", set->usage, set->about);
	for (const struct option_spec *spec = set->specs; spec != NULL && spec->name != NULL;
	     spec++)
		print_row(spec->name, spec->argument, spec->help);
	if (set->json != NULL)
		print_row("json", NULL, set->json);
	print_row(
	    "config", "FILE", "settings, instead of " SYSCONFDIR "/certwright/certwright.conf");
	print_row("help", NULL, "print this and end");
}

static enum options_result wrong(const struct option_set *set, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print_fault(const char *usage, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void
print_fault(const char *usage, const char *format, va_list args)
{
	int len = command_length(usage);

	(void)fprintf(stderr, "certwright %.*s: ", len, usage);
	(void)vfprintf(stderr, format, args);
	(void)fprintf(stderr, "; see certwright %.*s --help\n", len, usage);
}

static enum options_result
wrong(const struct option_set *set, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_fault(set->usage, format, args);
	va_end(args);
	return OPTIONS_WRONG;
}

int
options_fail(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_fault(command, format, args);
	va_end(args);
	return CMD_USAGE;
}

int
options_status(enum options_result result)
{
	return result == OPTIONS_WRONG ? CMD_USAGE : CMD_OK;
}

static const struct option_spec *
find_spec(const struct option_spec *specs, const char *name, size_t len)
{
	for (; specs != NULL && specs->name != NULL; specs++)
		if (strlen(specs->name) == len && memcmp(specs->name, name, len) == 0)
			return specs;
	return NULL;
}

static enum options_result
store_value(const struct option_set *set, const struct option_spec *spec, const char *value)
{
	const char **text = spec->target;
	struct option_list *list = spec->target;

	if (spec->kind == OPTION_TEXT) {
		if (*text != NULL)
			return wrong(set, "option --%s given twice", spec->name);
		*text = value;
		return OPTIONS_GO;
	}
	if (list->count == OPTION_LIST_MAX)
		return wrong(
		    set, "option --%s given more than %d times", spec->name, OPTION_LIST_MAX);
	list->items[list->count++] = value;
	return OPTIONS_GO;
}

/* One "--name", "--name=value" or "--name value". */
static enum options_result
take_option(struct parser *parser, const char *argument)
{
	const char *name = argument + 2;
	size_t len = strcspn(name, "=");
	const char *value = name[len] == '=' ? name + len + 1 : NULL;
	const struct option_spec *spec = find_spec(parser->set->specs, name, len);

	if (spec == NULL)
		spec = find_spec(parser->common, name, len);
	if (spec == NULL)
		return wrong(parser->set, "unknown option --%.*s", (int)len, name);
	if (spec->kind == OPTION_FLAG) {
		if (value != NULL)
			return wrong(parser->set, "option --%s takes no value", spec->name);
		*(bool *)spec->target = true;
		return OPTIONS_GO;
	}
	if (value == NULL && parser->next < parser->argc)
		value = parser->argv[parser->next++];
	if (value == NULL)
		return wrong(parser->set, "option --%s needs a value", spec->name);
	return store_value(parser->set, spec, value);
}

static enum options_result
check_count(const struct option_set *set, const struct options *options)
{
	if (options->count < set->min_arguments)
		return wrong(
		    set, "%zu arguments, at least %zu needed", options->count, set->min_arguments);
	if (options->count > set->max_arguments)
		return wrong(
		    set, "unexpected argument \"%s\"", options->arguments[set->max_arguments]);
	return OPTIONS_GO;
}

enum options_result
options_parse(const struct option_set *set, int argc, char **argv, struct options *out)
{
	const char *config = NULL;
	struct options found = { .arguments = argv + (argc > 0) };
	const struct option_spec common[] = {
		{ "config", NULL, NULL, OPTION_TEXT, (void *)&config },
		{ set->json != NULL ? "json" : NULL, NULL, NULL, OPTION_FLAG, &found.as_json },
		{ NULL, NULL, NULL, OPTION_FLAG, NULL },
	};
	struct parser parser = { set, common, argc, argv, 1 };
	bool is_ended = false;

	while (parser.next < argc) {
		char *argument = argv[parser.next++];
		enum options_result result;

		if (is_ended || argument[0] != '-' || argument[1] == '\0') {
			found.arguments[found.count++] = argument;
			continue;
		}
		if (strcmp(argument, "--help") == 0) {
			print_help(set);
			return OPTIONS_HELP;
		}
		if (argument[1] != '-')
			return wrong(set, "unknown option %s", argument);
		is_ended = argument[2] == '\0';
		result = is_ended ? OPTIONS_GO : take_option(&parser, argument);
		if (result != OPTIONS_GO)
			return result;
	}
	found.config = config != NULL ? config : DEFAULT_CONFIG;
	*out = found;
	return check_count(set, out);
}

int
options_run(const struct option_set *set, int argc, char **argv)
{
	char name[48];
	struct options options;
	struct error err = { .code = ERR_NONE };
	enum options_result result = options_parse(set, argc, argv, &options);
	int status;

	if (result != OPTIONS_GO)
		return options_status(result);
	status = set->run(&options, set->wish, &err);
	if (status >= 0)
		return status;
	(void)snprintf(name, sizeof(name), "%.*s", command_length(set->usage), set->usage);
	return cmd_fail(name, &err);
}

static void
print_actions(FILE *to, const char *command, const struct option_action *actions)
{
	(void)fprintf(to, "Usage: certwright %s ACTION [options]\n\nActions:\n", command);
	for (; actions->name != NULL; actions++)
		(void)fprintf(to, "  %-16s %s\n", actions->name, actions->help);
	(void)fprintf(to, "\nEach has its own --help.\n");
}

int
options_dispatch(const char *command, const struct option_action *actions, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_actions(stdout, command, actions);
		return CMD_OK;
	}
	if (argc < 2) {
		print_actions(stderr, command, actions);
		return CMD_USAGE;
	}
	for (const struct option_action *action = actions; action->name != NULL; action++)
		if (strcmp(argv[1], action->name) == 0)
			return action->run(argc - 1, argv + 1);
	return options_fail(command, "unknown action \"%s\"", argv[1]);
}

int
options_number(
    const char *name, const char *text, struct option_range range, long *out, struct error *err)
{
	size_t sign, len;
	long value;

	if (text == NULL)
		return 0;
	sign = text[0] == '-' ? 1 : 0;
	len = strspn(text + sign, "0123456789");
	errno = 0;
	value = strtol(text, NULL, 10);
	if (len == 0 || text[sign + len] != '\0' || errno != 0 || value < range.min ||
	    value > range.max)
		return error_set(err, ERR_CONFIG, "option --%s: expected a number from %ld to %ld",
		    name, range.min, range.max);
	*out = value;
	return 0;
}
