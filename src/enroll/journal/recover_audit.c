/* The audit rows of recover: one at once, or those of many changes by few statements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enroll/journal/recover_internal.h"
#include "store/audit.h"
#include "store/recovery.h"

/* A row that waits. */
struct waiting {
	char action[32];
	char serial[RECOVER_SERIAL_TEXT_MAX];
	char detail[RECOVER_TEXT_MAX];
};

struct recover_audits {
	bool is_open; /* rows wait at all */
	size_t count;
	struct waiting rows[RECOVERY_AUDITS_MAX];
};

struct recover_audits *
recover_audits_new(void)
{
	return calloc(1, sizeof(struct recover_audits));
}

void
recover_audits_free(struct recover_audits *audits)
{
	free(audits);
}

void
recover_audits_begin(struct recover *recover)
{
	recover->audits->is_open = true;
	recover->audits->count = 0;
}

void
recover_audits_drop(struct recover *recover)
{
	recover->audits->is_open = false;
	recover->audits->count = 0;
}

static int
flush(const struct recover *recover, struct error *err)
{
	struct recover_audits *audits = recover->audits;
	struct recovery_audit rows[RECOVERY_AUDITS_MAX];
	size_t count = audits->count;

	for (size_t i = 0; i < count; i++)
		rows[i] = (struct recovery_audit){
			.actor = recover->request->actor,
			.action = audits->rows[i].action,
			.serial = audits->rows[i].serial,
			.detail = audits->rows[i].detail,
		};
	audits->count = 0;
	return recovery_add_audits(recover->request->db, rows, count, err);
}

int
recover_audits_end(struct recover *recover, struct error *err)
{
	recover->audits->is_open = false;
	return flush(recover, err);
}

static int
keep_back(const struct recover *recover, const struct recover_audit *audit, struct error *err)
{
	struct recover_audits *audits = recover->audits;
	struct waiting *row = &audits->rows[audits->count++];

	(void)snprintf(row->action, sizeof(row->action), "%s", audit->action);
	(void)snprintf(row->serial, sizeof(row->serial), "%s", audit->object_name);
	recover_format(row->detail, sizeof(row->detail), "%s", audit->detail);
	return audits->count == RECOVERY_AUDITS_MAX ? flush(recover, err) : 0;
}

int
recover_audit(const struct recover *recover, const struct recover_audit *audit, struct error *err)
{
	const struct audit_event event = {
		.actor = recover->request->actor,
		.remote_address = "",
		.action = audit->action,
		.object_type = audit->object_type,
		.object_name = audit->object_name,
		.outcome = "done",
		.detail = audit->detail,
	};

	bool is_kept = recover->audits->is_open && strcmp(audit->object_type, "certificate") == 0;

	return is_kept ? keep_back(recover, audit, err)
		       : audit_insert(recover->request->db, &event, err);
}
