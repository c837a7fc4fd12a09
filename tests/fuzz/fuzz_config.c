/* The settings file and every check of a value, with the real table. */
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/config_apply.h"
#include "base/settings.h"
#include "base/settings_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(config_freep) struct config *config =
	    config_new("fuzz.conf", settings_table_keys, settings_table_count);
	struct settings settings = { 0 };
	struct error err = { .code = ERR_NONE };

	if (config != NULL && config_parse(config, bytes_of(data, size), &err) == 0)
		(void)config_apply(config, &settings, &err);
	config_apply_release(settings_table_keys, settings_table_count, &settings);
	return 0;
}
