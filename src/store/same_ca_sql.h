#ifndef STORE_SAME_CA_SQL_H
#define STORE_SAME_CA_SQL_H

/*
 * The ids of a generation (its id is the one argument) and of those with its name and key, which
 * neither a certificate nor a CRL tells apart: the CA's own certificate was renewed.
 */
#define SAME_CA_SQL \
	"(SELECT same.id FROM authority_generation g JOIN managed_key k ON k.id = g.key_id" \
	" JOIN managed_key key_of ON key_of.public_key = k.public_key" \
	" JOIN authority_generation same ON same.key_id = key_of.id" \
	" AND same.subject = g.subject COLLATE utf8mb4_bin" \
	" WHERE g.id = ?)"

#endif
