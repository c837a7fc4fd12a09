/* certwright ca: managing certification authorities. */
#include "cmd/ca.h"

#include "cmd/cmd.h"
#include "cmd/options.h"

int
cmd_ca(int argc, char **argv)
{
	static const struct option_action actions[] = {
		{ "init", "make a new CA, self-signed or with a request for an outer CA", ca_init },
		{ "import", "take over an existing CA, or install an outer CA's answer",
		    ca_import },
		{ "list", "list all CAs and their generations", ca_list },
		{ "show", "show a CA or one of its generations", ca_show },
		{ "export", "print a CA certificate", ca_export },
		{ "renew", "give a CA a new certificate of the same key", ca_renew },
		{ "rekey", "give a CA a new key and certificate", ca_rekey },
		{ "activate", "make a pending generation the one that issues", ca_activate },
		{ "retire", "take a generation out of use", ca_retire },
		{ NULL, NULL, NULL },
	};

	return options_dispatch("ca", actions, argc, argv);
}
