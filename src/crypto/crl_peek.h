#ifndef CRYPTO_CRL_PEEK_H
#define CRYPTO_CRL_PEEK_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/*
 * The little that a CRL's files are asked for again and again, without a look at the entries: of a
 * mapped file but a few pages are read, however long it is. Nothing else of the CRL is checked;
 * that is crl_read's.
 */

/* The CRL number of at most 64 bits. ERR_BAD_REQUEST: none can be read, or octets are left over. */
int crl_peek_number(struct bytes der, uint64_t *number, struct error *err);

/* thisUpdate and nextUpdate, from the first octets of a CRL: 4 KiB are ample. ERR_BAD_REQUEST. */
int crl_peek_times(
    struct bytes start, int64_t *this_update, int64_t *next_update, struct error *err);

#endif
