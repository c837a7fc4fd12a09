#ifndef CMD_KEY_H
#define CMD_KEY_H

#include "cmd/cmd.h"

/* The actions of `certwright key` on the keyring; the result is the exit status. */
int key_new_secret_key(int argc, char **argv);
int key_list_secret_keys(int argc, char **argv);
int key_rotate_secrets(int argc, char **argv);

#endif
