#ifndef CMD_CA_H
#define CMD_CA_H

#include "cmd/cmd.h"

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
