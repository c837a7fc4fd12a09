#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <stdio.h>

#include "store/db.h"

/*
 * Brings the schema up to this program: applies what is missing in order, each
 * migration recorded with SHA-256 checksum, started and finished time; one that was started and
 * not finished is run again (they are restartable). Refused: an applied
 * migration this program does not know and that says it is not compatible with it,
 * and one whose checksum differs. dry_run only tells. Two runs at once: the second waits or
 * is refused, none is applied twice. Prints a line each to report. ERR_CONFIG or ERR_DATABASE.
 */
int migrate_run(struct db *db, bool dry_run, FILE *report, struct error *err);

/* Prints each migration, known or applied, and its state. */
int migrate_status(struct db *db, FILE *report, struct error *err);

/* For start-up: 0 when the schema fits this program; ERR_CONFIG says what to run otherwise. */
int migrate_check(struct db *db, struct error *err);

#endif
