#ifndef API_STATUS_CRL_NAME_H
#define API_STATUS_CRL_NAME_H

#include <stdbool.h>

/* What a path below /crl/ names. */

enum { CRL_NAME_MAX = 96, CRL_NAME_LABEL_MAX = 49 };

struct crl_name {
	char label[CRL_NAME_LABEL_MAX]; /* of the CA generation */
	bool is_delta;
	bool is_pem;
};

/*
 * Takes LABEL.crl, LABEL.pem and LABEL.crl.pem, the same with LABEL-delta, where LABEL could be a
 * generation's (lower-case letters, digits, '-', and a number behind the last '-'); false
 * otherwise.
 */
bool crl_name_parse(const char *text, struct crl_name *out);

/* The name of this host's file, such as LABEL-delta.crl.pem. */
void crl_name_file(const struct crl_name *name, char out[static CRL_NAME_MAX]);

#endif
