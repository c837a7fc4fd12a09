/* Opens what the actions of `certwright scep-profile` work on. */
#include "base/clock.h"
#include "cmd/scep_profile.h"

void
scep_profile_records_release(struct scep_profile_records *all)
{
	keyring_freep(&all->keyring);
	records_release(&all->records);
}

int
scep_profile_records_open(const char *config, struct scep_profile_records *all, struct error *err)
{
	const char *path;

	if (records_open(config, &all->records, err) < 0)
		return -1;
	path = all->records.settings->keys.keyring_file;
	if (path[0] != '\0' && keyring_open(path, &all->keyring, err) < 0)
		return -1;
	all->actor = records_actor(&all->records);
	all->change = (struct scep_profile_context){
		.db = all->records.db,
		.keyring = all->keyring,
		.actor = &all->actor,
		.now = clock_now(),
	};
	return 0;
}

int
scep_profile_find(struct db *db, const char *name, struct scep_profile **out, struct error *err)
{
	if (scep_profiles_find(db, name, out, err) == 0)
		return 0;
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "there is no SCEP profile \"%.64s\"; certwright scep-profile list shows all", name);
}

struct scep_profile_view
scep_profile_view_of(const struct records *records)
{
	return (struct scep_profile_view){
		.db = records->db,
		.base_url = records->settings->server.base_url,
		.now = clock_now(),
	};
}
