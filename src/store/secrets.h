#ifndef STORE_SECRETS_H
#define STORE_SECRETS_H

#include "base/buf.h"
#include "store/db.h"

/*
 * The columns that hold sealed values, whatever their table: which keys they are under, and
 * sealing them anew. What a blob is, crypto/keyring says; here its first octets are a head.
 */
enum { SECRETS_BLOB_MAX = 2048 };

struct secrets_column {
	const char *table;
	const char *column;
	bool is_remade; /* a job makes others: nobody waits for one that cannot be opened */
};

/* All of them; constant. */
const struct secrets_column *secrets_columns(size_t *count);

/* The values of one column under one head; borrowed. */
struct secrets_share {
	size_t column;     /* of secrets_columns */
	struct bytes head; /* shorter than asked for where the value is */
	int64_t values;
	struct uuid row; /* the first */
};

struct secrets_visit {
	size_t head_size;
	int (*each)(const struct secrets_share *share, void *arg, struct error *err);
	void *arg;
};

/* Calls each() for every head of every column; a negative answer ends it with -1. */
int secrets_each_share(struct db *db, const struct secrets_visit *visit, struct error *err);

/* A sealed value. */
struct secrets_value {
	struct uuid row;
	struct buf blob;
};

void secrets_value_init(struct secrets_value *value);
void secrets_value_release(struct secrets_value *value);

/* Reads that of one row. ERR_NOT_FOUND: no such row, or it holds none. */
int secrets_find(struct db *db, size_t column, const struct uuid *row, struct secrets_value *out,
    struct error *err);

/*
 * Reads the first value of a column behind row value->row in their order that does not begin with
 * head, in place of *value. ERR_NOT_FOUND: there is none.
 */
int secrets_next_other(struct db *db, size_t column, struct bytes head, struct secrets_value *value,
    struct error *err);

/* Another value in place of one that was read; borrowed. */
struct secrets_replacement {
	size_t column; /* of secrets_columns or secrets_documents */
	const struct secrets_value *old;
	struct bytes blob;
	bool replaced; /* filled in */
};

/*
 * Writes it where the old one still is; then it was replaced. A row that others change counts as
 * changed, so that whoever read it before and writes it whole loses.
 */
int secrets_replace(struct db *db, struct secrets_replacement *replacement, struct error *err);

/*
 * The columns whose JSON may hold sealed values, in members named "sealed": those of custom
 * attributes. A value is the whole JSON.
 */
enum { SECRETS_DOCUMENT_MAX = 1024 * 1024 };

struct secrets_document {
	const char *resource; /* as enroll/attributes/attributes names it */
	const char *table;
	const char *column;
	bool is_bounded; /* its table is small enough to be read at each start */
};

/* All of them; constant. */
const struct secrets_document *secrets_documents(size_t *count);

void secrets_document_init(struct secrets_value *value);

/* Reads the first JSON behind row value->row with such a member, in place of *value.
 * ERR_NOT_FOUND: there is none. */
int secrets_next_document(
    struct db *db, size_t document, struct secrets_value *value, struct error *err);

/* As secrets_replace. */
int secrets_replace_document(
    struct db *db, struct secrets_replacement *replacement, struct error *err);

#endif
