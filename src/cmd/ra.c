/* certwright ra: the registration authorities that SCEP works with. */
#include "cmd/ra.h"

#include "cmd/cmd.h"
#include "cmd/options.h"

int
cmd_ra(int argc, char **argv)
{
	static const struct option_action actions[] = {
		{ "create", "make a key for SCEP and a certificate for it", ra_create },
		{ "list", "list the certificates with a key for SCEP", ra_list },
		{ "show", "show one with its key", ra_show },
		{ "retire", "take one's key out of use", ra_retire },
		{ NULL, NULL, NULL },
	};

	return options_dispatch("ra", actions, argc, argv);
}
