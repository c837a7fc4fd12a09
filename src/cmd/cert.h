#ifndef CMD_CERT_H
#define CMD_CERT_H

#include <json-c/json.h>

#include "store/certificates_find.h"

/* The actions of certwright cert; each returns the exit status. */
int cert_list(int argc, char **argv);
int cert_show(int argc, char **argv);
int cert_export(int argc, char **argv);
int cert_revoke(int argc, char **argv);

/*
 * Finds a certificate as people name it: by serial number or SHA-256 fingerprint in hexadecimal (in
 * either case, with or without colons) or by its id. ERR_NOT_FOUND; ERR_CONFLICT where two CAs gave
 * the same serial; ERR_CONFIG for a text that is none of these. *out belongs to the caller.
 */
int cert_find(struct db *db, const char *name, struct certificate_row **out, struct error *err);

/* A certificate's record as JSON, the caller's to put; NULL without memory. */
struct json_object *cert_json(const struct certificate_row *row);

/* Adds the record's events of revocation to its JSON. */
int cert_json_events(struct db *db, const struct certificate_row *row, struct json_object *object,
    struct error *err);

#endif
