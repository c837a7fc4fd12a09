/* certwright check-config: reads the settings and shows each, its value and where it came from. */
#include <stdio.h>

#include "base/settings.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

int
cmd_check_config(int argc, char **argv)
{
	static const struct option_set set = {
		.usage = "check-config [options]",
		.about =
		    "Reads the settings from the file and the environment and shows each one, its\n"
		    "value and where it came from. Ends with 78 when something is wrong.",
	};
	struct options options;
	struct error err = { 0 };
	enum options_result result = options_parse(&set, argc, argv, &options);

	if (result != OPTIONS_GO)
		return options_status(result);
	if (settings_print(options.config, stdout, &err) < 0)
		return cmd_fail("check-config", &err);
	return CMD_OK;
}
