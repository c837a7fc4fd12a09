#ifndef CMD_PROFILE_RULE_H
#define CMD_PROFILE_RULE_H

#include "base/buf.h"
#include "base/error.h"
#include "store/ra_profiles.h"

/* Applies "Key=value", "Enroller+=KIND:VALUE" or "Enroller-=KIND:VALUE". ERR_CONFIG names the key.
 */
int profile_rule_assign(struct ra_profile *profile, const char *assignment, struct error *err);

/* Appends what `profile set --help` says about the keys. */
void profile_rule_help(struct buf *out);

#endif
