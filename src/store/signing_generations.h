#ifndef STORE_SIGNING_GENERATIONS_H
#define STORE_SIGNING_GENERATIONS_H

#include "store/db.h"

/* How much is read of them, the last to end first. */
enum { SIGNING_GENERATIONS_MAX = 1024 };

/* A CA generation that has a certificate, in the few words that tell whether anything changed. */
struct signing_generation {
	struct uuid id;
	char label[49];
	uint8_t fingerprint[32];
	bool signs; /* active or retired, and its certificate has not ended: CRLs and OCSP */
	bool has_responder;
	struct uuid responder_id; /* of its newest OCSP responder that is valid */
};

/* By the database's clock. each() ends it by -1. */
int signing_generations_each(struct db *db,
    int (*each)(const struct signing_generation *generation, void *arg, struct error *err),
    void *arg, struct error *err);

#endif
