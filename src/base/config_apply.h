#ifndef BASE_CONFIG_APPLY_H
#define BASE_CONFIG_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/config.h"

/*
 * Converts every value, or its default, into the struct at target, which must be zeroed.
 * ERR_CONFIG says where the value stands and what was expected. The texts in target
 * belong to it, after a failure too: config_apply_release frees them.
 */
int config_apply(const struct config *config, void *target, struct error *err);
void config_apply_release(const struct config_key *keys, size_t count, void *target);

/* One line a setting: its name, its value in target (secrets hidden) and where it came from. */
void config_apply_print(const struct config *config, const void *target, FILE *to);

#endif
