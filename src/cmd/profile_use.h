#ifndef CMD_PROFILE_USE_H
#define CMD_PROFILE_USE_H

#include "store/ra_profiles.h"

/* The profile of this name; ERR_NOT_FOUND tells where all are listed. */
int profile_use_find(struct db *db, const char *name, struct ra_profile **out, struct error *err);

/* The actions of `profile` that put a profile into use and out of it. */
int profile_use_enable(int argc, char **argv);
int profile_use_disable(int argc, char **argv);
int profile_use_delete(int argc, char **argv);
int profile_use_scep_activate(int argc, char **argv);
int profile_use_scep_deactivate(int argc, char **argv);

#endif
