/* certwright check-config: reads the settings and shows each, its value and where it came from. */
#include <stdio.h>

#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

static int
check(const struct options *options, const void *wish, struct error *err)
{
	(void)wish;
	return settings_print(options->config, stdout, err);
}

int
cmd_check_config(int argc, char **argv)
{
	static const struct option_set set = {
		.usage = "check-config [options]",
		.about =
		    "Reads the settings from the file and the environment and shows each one, its\n"
		    "value and where it came from. Ends with 78 when something is wrong.",
		.run = check,
	};

	return options_run(&set, argc, argv);
}
