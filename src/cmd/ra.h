#ifndef CMD_RA_H
#define CMD_RA_H

#include <json-c/json.h>

#include "base/error.h"
#include "store/ra_certificates.h"

/* The actions of `certwright ra`, each with its own options; the result is the exit status. */
int ra_create(int argc, char **argv);
int ra_retire(int argc, char **argv);
int ra_list(int argc, char **argv);
int ra_show(int argc, char **argv);

/*
 * The certificate's record as `certwright cert show` has it, with the CA, the key, and whether SCEP
 * profiles may name it. On success *out is the caller's to put.
 */
int ra_json(struct db *db, const struct ra_certificate *certificate, struct json_object **out,
    struct error *err);

/* By serial number, fingerprint or id; ERR_NOT_FOUND where it is no registration authority's. */
int ra_find(struct db *db, const char *name, struct ra_certificate *out, struct error *err);

#endif
