#ifndef STORE_CERTIFICATE_HISTORY_H
#define STORE_CERTIFICATE_HISTORY_H

#include "store/certificate_row.h"
#include "store/db.h"

/* What became of a certificate since it was issued, in few words. */
struct certificate_history {
	struct uuid id;
	struct uuid generation_id;
	struct uuid lineage;
	enum certificate_status status;
	uint32_t events;
	int64_t last_at;     /* of its last event; 0: none */
	uint64_t crl_number; /* the CRL that first carried that; 0: none has */
	int64_t not_after;
	size_t serial_len;
	uint8_t serial[CERTIFICATE_ROW_SERIAL_MAX];
};

/* ERR_NOT_FOUND. By its serial also where it is of another generation with that one's name and key:
 * CRLs do not say which. */
int certificate_history_find(
    struct db *db, const struct uuid *id, struct certificate_history *out, struct error *err);
int certificate_history_find_serial(struct db *db, const struct uuid *generation_id,
    struct bytes serial, struct certificate_history *out, struct error *err);

struct certificate_history_visit {
	int (*each)(const struct certificate_history *history, void *arg, struct error *err);
	void *arg;
};

/* The generation's certificates on hold, read as they come (db_each). */
int certificate_history_each_held(struct db *db, const struct uuid *generation_id,
    const struct certificate_history_visit *visit, struct error *err);

#endif
