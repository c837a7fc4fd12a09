#ifndef CMD_CA_H
#define CMD_CA_H

#include "cmd/options.h"

/* Where a new key goes or an existing one is, into a struct authority_key_choice. */
#define KEY_PLACE_SPECS(choice) \
	{ "key-uri", "URI", "pkcs11: URI of the key, with object=", OPTION_TEXT, &(choice).uri }, \
	    { "existing-key", NULL, "the key exists; make none", OPTION_FLAG, \
		    &(choice).existing }, \
	{ \
		"passphrase-file", "PATH", "encrypts the key file; or the PIN of the token", \
		    OPTION_TEXT, &(choice).passphrase_file \
	}

/* The actions of `certwright ca`, each with its own options; the result is the exit status. */
int ca_init(int argc, char **argv);
int ca_renew(int argc, char **argv);
int ca_rekey(int argc, char **argv);
int ca_import(int argc, char **argv);
int ca_activate(int argc, char **argv);
int ca_retire(int argc, char **argv);
int ca_list(int argc, char **argv);
int ca_show(int argc, char **argv);
int ca_export(int argc, char **argv);

#endif
