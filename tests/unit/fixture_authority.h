#ifndef TESTS_FIXTURE_AUTHORITY_H
#define TESTS_FIXTURE_AUTHORITY_H

/* What the tests on CAs share: an empty schema, a folder for keys, a fixed clock. */

#include <ftw.h>

#include "base/clock.h"
#include "enroll/authorities/authority.h"
#include "store/migrate.h"
#include "with_db.h"

#define UNUSED_FN __attribute__((unused))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { DAY = 86400, NOW = 1800000000 };

static char folder[64];
static struct authority_context context;
static struct authority_outcome outcome;

UNUSED_FN static void
setup(void)
{
	FILE *report = fopen("/dev/null", "we");

	with_db_setup();
	ck_assert_ptr_nonnull(report);
	with_db_ok(migrate_run(with_db, false, report, &with_db_err));
	(void)fclose(report);
	(void)snprintf(folder, sizeof(folder), "/tmp/certwright-authority-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	clock_fix(NOW);
	with_db_settings.server.state_dir = folder;
	with_db_settings.validity_clock_skew_minutes = 60;
	context = (struct authority_context){
		.db = with_db,
		.settings = &with_db_settings,
		.actor = "uid:7",
		.now = NOW,
	};
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

UNUSED_FN static void
teardown(void)
{
	authority_outcome_release(&outcome);
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	with_db_teardown();
}

UNUSED_FN static struct authority_plan
plan_of(const char *name, const char *type)
{
	return (struct authority_plan){ .name = name, .key = { .type = type }, .days = 100 };
}

/* Forgets the outcome of the call before. */
UNUSED_FN static struct authority_outcome *
fresh(void)
{
	authority_outcome_release(&outcome);
	outcome = (struct authority_outcome){ .former = "" };
	return &outcome;
}

UNUSED_FN static void
make_demo(void)
{
	const struct authority_plan plan = plan_of("demo", "p256");

	with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
}

UNUSED_FN static void
assert_state(const char *label, const char *state)
{
	ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM authority_generation"
				     " WHERE label = '%s' AND state = '%s'",
			     label, state),
	    1);
}

UNUSED_FN static int
run_cases(const char *name, TCase *(*const *cases)(void), size_t count)
{
	Suite *suite = suite_create(name);

	for (size_t i = 0; i < count; i++) {
		TCase *tc = cases[i]();

		tcase_add_checked_fixture(tc, setup, teardown);
		tcase_set_timeout(tc, 60);
		suite_add_tcase(suite, tc);
	}
	return with_db_run(suite);
}

#endif
