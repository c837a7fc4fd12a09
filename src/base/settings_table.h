#ifndef BASE_SETTINGS_TABLE_H
#define BASE_SETTINGS_TABLE_H

#include "base/config.h"

/* Every setting that certwright knows; offsets are those of struct settings. */
extern const struct config_key settings_table_keys[];
extern const size_t settings_table_count;

#endif
