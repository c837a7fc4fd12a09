#ifndef CRYPTO_CRL_H
#define CRYPTO_CRL_H

#include "base/buf.h"
#include "crypto/key.h"

/*
 * Certificate revocation lists (RFC 5280, 5), full and delta: written as a stream by our own DER
 * writer, since GnuTLS takes quadratic time and writes no reason codes, and read by one linear
 * pass.
 */

/* The largest CRL that is written or read: some five million entries. */
enum { CRL_MAX = 256 * 1024 * 1024 };

/* Of enum CRLReason (RFC 5280, 5.3.1) what is special here. */
enum { CRL_UNSPECIFIED = 0, CRL_REMOVED = 8, CRL_REASON_MAX = 10 };

/* What a CRL says besides its entries; all pointers borrowed. */
struct crl_template {
	struct bytes issuer;           /* the CA's subject, Name DER */
	struct bytes authority_key_id; /* the CA's SKI, not empty */
	uint64_t number;
	bool has_base; /* a delta CRL, to the CRL of base_number and every later one */
	uint64_t base_number;
	int64_t this_update;
	int64_t next_update;
	const char *idp;      /* issuing distribution point, a URI; NULL: none */
	const char *freshest; /* where the delta CRL is, a URI; NULL: none; not in a delta CRL */
};

/* One entry. */
struct crl_entry {
	struct bytes serial; /* content octets of the INTEGER, positive, at most 20 */
	int64_t revoked_at;
	int reason; /* RFC 5280, 5.3.1; CRL_REMOVED: it is good again, in a delta CRL only */
};

/* A CRL in the making, in place; released whatever came of it. */
struct crl_writer {
	struct buf der; /* the whole CRL, once it is finished */
	struct key *key;
	size_t entries;
	bool is_delta;
	size_t whole_mark;
	size_t tbs_mark;
	size_t list_mark;      /* 0: no entry yet */
	struct buf extensions; /* crlExtensions, written behind the entries */
};

#define CRL_WRITER_INIT \
	{ \
		.der = BUF_INIT(CRL_MAX), .extensions = BUF_INIT(8192) \
	}

void crl_writer_release(struct crl_writer *writer);

/*
 * Begins the CRL; key, which signs it at the end, is borrowed until then. ERR_INTERNAL where the
 * template makes no sense.
 */
int crl_writer_begin(struct crl_writer *writer, const struct crl_template *template,
    struct key *key, struct error *err);

/*
 * Adds an entry; the caller sees to it that no serial comes twice. ERR_INTERNAL for a serial or
 * reason that no entry may have, ERR_TOO_LARGE beyond CRL_MAX.
 */
int crl_writer_add(struct crl_writer *writer, const struct crl_entry *entry, struct error *err);

/* Signs; the CRL is writer->der then. ERR_CA_KEY, ERR_TOO_LARGE. */
int crl_writer_finish(struct crl_writer *writer, struct error *err);

/* What a CRL says; every struct bytes points into its DER. */
struct crl_facts {
	struct bytes issuer;           /* Name DER */
	struct bytes authority_key_id; /* or empty */
	uint64_t number;
	bool has_base;
	uint64_t base_number; /* of a delta CRL */
	int64_t this_update;
	int64_t next_update;
	size_t entries;
	struct bytes revoked;   /* the entries, one after the other; empty: none */
	struct bytes tbs;       /* what is signed */
	struct bytes algorithm; /* AlgorithmIdentifier DER, for key_verify */
	struct bytes signature;
};

/*
 * Reads a CRL, all of it, entries included: version 2 with a CRL number of at most 64 bits and a
 * nextUpdate, no critical extension but deltaCRLIndicator and issuingDistributionPoint, no indirect
 * CRL, nothing left over. ERR_BAD_REQUEST says what was wrong, ERR_TOO_LARGE beyond CRL_MAX. The
 * signature is the caller's to verify: key_verify(spki, algorithm, tbs, signature).
 */
int crl_read(struct bytes der, struct crl_facts *out, struct error *err);

/* each() ends it by -1; the entry is borrowed for the call. */
struct crl_visit {
	int (*each)(const struct crl_entry *entry, void *arg, struct error *err);
	void *arg;
};

/* Reads the CRL as crl_read, then tells its entries in its order. */
int crl_each(struct bytes der, const struct crl_visit *visit, struct error *err);

#endif
