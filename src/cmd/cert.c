/* certwright cert: the certificates on record. */
#include "cmd/cert.h"

#include "cmd/cmd.h"
#include "cmd/options.h"

int
cmd_cert(int argc, char **argv)
{
	static const struct option_action actions[] = {
		{ "list", "list certificates", cert_list },
		{ "show", "show one with its history", cert_show },
		{ "export", "print one as PEM or DER", cert_export },
		{ "revoke", "revoke one, put it on hold, or release it", cert_revoke },
		{ NULL, NULL, NULL },
	};

	return options_dispatch("cert", actions, argc, argv);
}
