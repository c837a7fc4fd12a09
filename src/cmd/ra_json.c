/* A registration authority's certificate as JSON, and how it is found. */
#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"
#include "cmd/ca_json.h"
#include "cmd/cert.h"
#include "cmd/ra.h"
#include "enroll/profiles/scep_ca.h"

static int
add_key(struct db *db, const struct uuid *key_id, struct json_object *object, struct error *err)
{
	cleanup(managed_key_release) struct managed_key key = { .bits = 0 };

	if (keys_find(db, key_id, &key, err) < 0)
		return -1;
	json_add(object, "key", ca_json_key(&key));
	return 0;
}

static int
add_authority(
    struct db *db, const struct uuid *authority_id, struct json_object *object, struct error *err)
{
	struct authority authority;

	if (authorities_find_id(db, authority_id, &authority, err) < 0)
		return -1;
	json_add_text(object, "authority", authority.name);
	return 0;
}

int
ra_json(struct db *db, const struct ra_certificate *certificate, struct json_object **out,
    struct error *err)
{
	cleanup(json_object_putp) struct json_object *object = NULL;
	cleanup(scep_ca_freep) struct scep_ca *ca = NULL;
	int64_t now = clock_now();

	if (scep_ca_find(db, &certificate->certificate_id, &ca, err) < 0)
		return -1;
	object = cert_json(ca->row);
	if (object == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add_bool(object, "usableForScep", scep_ca_is_acceptable(ca, false, now));
	json_add_bool(object, "usableForIntune", scep_ca_is_acceptable(ca, true, now));
	if (add_authority(db, &certificate->authority_id, object, err) < 0 ||
	    add_key(db, &certificate->key_id, object, err) < 0)
		return -1;
	*out = take(object);
	return 0;
}

int
ra_find(struct db *db, const char *name, struct ra_certificate *out, struct error *err)
{
	cleanup(certificate_row_freep) struct certificate_row *row = NULL;

	if (cert_find(db, name, &row, err) < 0)
		return -1;
	if (ra_certificates_find(db, &row->id, out, err) == 0)
		return 0;
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "%.80s is no RA certificate; certwright ra list shows those on record", name);
}
