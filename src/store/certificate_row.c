/* One row of the certificate table in memory. */
#include "store/certificate_row.h"

#include <stdlib.h>

static const char *const STATUSES[] = {
	[CERTIFICATE_GOOD] = "good",
	[CERTIFICATE_ON_HOLD] = "hold",
	[CERTIFICATE_REVOKED] = "revoked",
};

const char *
certificate_status_name(enum certificate_status status)
{
	return STATUSES[status];
}

struct certificate_row *
certificate_row_new(void)
{
	struct certificate_row *row = calloc(1, sizeof(*row));

	if (row == NULL)
		return NULL;
	row->generation_der = (struct buf)BUF_INIT(CERTIFICATE_ROW_DER_MAX);
	row->subject = (struct buf)BUF_INIT(CERTIFICATE_ROW_SUBJECT_MAX);
	row->sans = (struct buf)BUF_INIT(CERTIFICATE_ROW_SANS_MAX);
	row->der = (struct buf)BUF_INIT(CERTIFICATE_ROW_DER_MAX);
	row->attributes = (struct buf)BUF_INIT(CERTIFICATE_ROW_ATTRIBUTES_MAX);
	row->revocation_reason = -1;
	return row;
}

void
certificate_row_free(struct certificate_row *row)
{
	if (row == NULL)
		return;
	buf_release(&row->generation_der);
	buf_release(&row->subject);
	buf_release(&row->sans);
	buf_release(&row->der);
	buf_release(&row->attributes);
	free(row);
}
