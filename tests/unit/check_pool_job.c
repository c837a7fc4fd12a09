/* http/pool_job: which of the pool's two children runs for what, and what becomes of wishes. */
#define _GNU_SOURCE
#include "fixture_pool.h"

static pid_t pool;

/* By the loop's index: with a master, and without one. */
static bool
is_single(int i)
{
	return i == 1;
}

static void
give_order(const char *order, char letter, const char *text)
{
	FILE *file = fopen(toy_order(order, letter), "we");

	ck_assert_ptr_nonnull(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void
take_back(const char *order, char letter)
{
	ck_assert_int_eq(unlink(toy_order(order, letter)), 0);
}

/* How many runs had this letter. */
static size_t
runs(char letter)
{
	FILE *file = fopen(jobs_path, "re");
	size_t count = 0;
	int seen;

	while (file != NULL && (seen = fgetc(file)) != EOF)
		count += seen == letter ? 1 : 0;
	if (file != NULL)
		(void)fclose(file);
	return count;
}

static void
wait_runs(char letter, size_t count, int limit_ms)
{
	for (int waited = 0; waited < limit_ms && runs(letter) < count; waited += 10)
		nap_ms(10);
	ck_assert_uint_ge(runs(letter), count);
}

/* As start_toy, but the first run hangs until the order is taken back. */
static void
start_hanging(const char *server, int i)
{
	make_folder();
	configure("", server);
	give_order("hang", is_single(i) ? 'r' : 'f', "");
	pool = fork_plainly();
	if (pool == 0)
		_exit(toy_run(is_single(i)));
	for (int waited = 0; access(socket_path, F_OK) < 0 && waited < WAIT_MS; waited += 10)
		nap_ms(10);
	wait_runs(is_single(i) ? 'r' : 'f', 1, WAIT_MS);
}

static void
start(const char *server, int i)
{
	pool = start_toy(server, is_single(i));
	wait_for_jobs(1);
}

static void
end(void)
{
	int status;

	if (pool > 0 && kill(pool, SIGTERM) == 0 && wait_exit(pool, 8000) == 1000)
		(void)kill(pool, SIGKILL);
	while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
		errno = 0;
	remove_folder();
}

static const char one_worker[] = "Workers = 1\nRequestTimeoutSeconds = 3";

/* A whole answer, whose text is on no test's stack. */
static void
visit(const char *path)
{
	ck_assert(ask(path).is_whole);
}

START_TEST(an_urgent_wish_waits_for_no_other_run)
	{
		start_hanging(one_worker, _i);
		visit("/urgent");
		wait_runs('u', 1, WAIT_MS);
		/* the near miss waits, as before */
		visit("/want");
		visit("/urgent");
		wait_runs('u', 2, WAIT_MS);
		ck_assert_uint_eq(runs('w'), 0);
		take_back("hang", is_single(_i) ? 'r' : 'f');
		wait_runs('w', 1, WAIT_MS);
		ck_assert_uint_eq(runs('u'), 2);
	}
END_TEST

START_TEST(a_regular_run_waits_for_no_urgent_one)
	{
		start("Workers = 1\n[Maintain]\nIntervalSeconds = 1", 0);
		give_order("hang", 'u', "");
		visit("/urgent");
		wait_runs('u', 1, WAIT_MS);
		wait_runs('r', runs('r') + 2, WAIT_MS);
		/* One at a time, and none is forgotten. */
		visit("/urgent");
		nap_ms(500);
		ck_assert_uint_eq(runs('u'), 1);
		take_back("hang", 'u');
		wait_runs('u', 2, WAIT_MS);
	}
END_TEST

/* At 0, 1 and 3 seconds. */
START_TEST(what_others_are_at_is_wished_again_but_not_all_the_time)
	{
		char status[8];

		start(one_worker, 0);
		(void)snprintf(status, sizeof(status), "%d", POOL_MAINTAIN_AGAIN);
		give_order("exit", 'u', status);
		visit("/urgent");
		wait_runs('u', 2, WAIT_MS);
		nap_ms(1000);
		ck_assert_uint_le(runs('u'), 3);
		take_back("exit", 'u');
		wait_runs('u', 3, WAIT_MS);
		nap_ms(1300);
		ck_assert_uint_eq(runs('u'), 3);
	}
END_TEST

/* Failed and crashed: on record, and the next wish counts. */
START_TEST(an_urgent_run_that_fails_ends_nothing_else)
	{
		static const char *const statuses[] = { "70", "137" };

		start(one_worker, 0);
		for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
			give_order("exit", 'u', statuses[i]);
			visit("/urgent");
			wait_runs('u', i + 1, WAIT_MS);
		}
		nap_ms(1300);
		ck_assert_uint_eq(runs('u'), 2);
		ck_assert_uint_eq(jobs_run_so_far(), 3);
		visit("/");
	}
END_TEST

START_TEST(what_anybody_wishes_in_vain_counts_again_after_the_interval)
	{
		static const struct {
			const char *status;
			unsigned runs;
		} rows[] = { { "101", 2 }, { "70", 1 }, { "137", 1 } };

		start(one_worker, _i);
		give_order("exit", 'a', rows[_i].status);
		for (int i = 0; i < 16; i++) {
			visit("/any");
			nap_ms(200);
		}
		/* Once a wish may have come while it was being carried out. */
		ck_assert_uint_eq(runs('a'), rows[_i].runs);
		/* the near misses: others count, and so does a stranger's in time */
		visit("/want");
		wait_runs('w', 1, WAIT_MS);
		visit("/urgent");
		wait_runs('u', 1, WAIT_MS);
	}
END_TEST

START_TEST(what_anybody_wishes_to_good_use_counts_at_once)
	{
		start(one_worker, 0);
		for (size_t i = 1; i <= 2; i++) {
			visit("/any");
			wait_runs('a', i, WAIT_MS);
		}
	}
END_TEST

START_TEST(who_asks_while_he_is_served_turns_nobody_away)
	{
		start(one_worker, 0);
		visit("/any");
		wait_runs('a', 1, WAIT_MS);
		give_order("exit", 'a', "101");
		visit("/any");
		wait_runs('a', 2, WAIT_MS);
		nap_ms(200);
		visit("/any");
		wait_runs('a', 3, WAIT_MS);
		nap_ms(200);
		visit("/any");
		nap_ms(1500);
		ck_assert_uint_eq(runs('a'), 3);
	}
END_TEST

/* The regular runs go on meanwhile, each host's own. */
START_TEST(after_the_interval_a_vain_wish_is_tried_again)
	{
		start("Workers = 1\n[Maintain]\nIntervalSeconds = 2", 0);
		give_order("exit", 'a', "101");
		for (int i = 0; i < 100 && runs('a') < 4; i++) {
			visit("/any");
			nap_ms(100);
		}
		ck_assert_uint_ge(runs('a'), 4);
		ck_assert_uint_ge(runs('r') + runs('f'), 2);
	}
END_TEST

/* Nobody is left: whoever has lost its parent becomes ours. */
static void
wait_for_nobody(void)
{
	for (int waited = 0; waited < 4000; waited += 10) {
		pid_t ended = waitpid(-1, NULL, WNOHANG);

		if (ended < 0 && errno == ECHILD)
			return;
		if (ended == 0)
			nap_ms(10);
	}
	ck_abort_msg("a process has stayed");
}

START_TEST(both_children_end_with_the_pool)
	{
		static const int signals[] = { SIGTERM, SIGKILL };
		int signo = signals[_i / 2];

		start_hanging(one_worker, _i % 2);
		give_order("hang", 'u', "");
		visit("/urgent");
		wait_runs('u', 1, WAIT_MS);
		ck_assert_int_eq(kill(pool, signo), 0);
		ck_assert_int_eq(wait_exit(pool, 3000), signo == SIGKILL ? 2000 + SIGKILL : 0);
		pool = 0;
		wait_for_nobody();
	}
END_TEST

START_TEST(both_children_outlast_a_reload)
	{
		pid_t before;

		start_hanging(one_worker, 0);
		give_order("hang", 'u', "");
		before = ask_pid();
		visit("/urgent");
		wait_runs('u', 1, WAIT_MS);
		ck_assert_int_eq(kill(pool, SIGHUP), 0);
		for (int waited = 0; waited < WAIT_MS && ask_pid() == before; waited += 20)
			nap_ms(20);
		ck_assert_int_ne(ask_pid(), before);
		visit("/urgent");
		visit("/want");
		nap_ms(1500);
		ck_assert_uint_eq(runs('u'), 1);
		ck_assert_uint_eq(runs('w'), 0);
		take_back("hang", 'u');
		take_back("hang", 'f');
		wait_runs('u', 2, WAIT_MS);
		wait_runs('w', 1, WAIT_MS);
		ck_assert_uint_eq(runs('f'), 1);
	}
END_TEST

START_TEST(a_worker_that_ends_leaves_its_wish)
	{
		start("Workers = 1\nMaxRequests = 1", 0);
		for (size_t i = 1; i <= 2; i++) {
			visit("/urgent");
			wait_runs('u', i, WAIT_MS);
		}
	}
END_TEST

START_TEST(a_single_process_stays_for_an_urgent_wish)
	{
		start("MaxRequests = 1", 1);
		give_order("hang", 'u', "");
		visit("/urgent");
		wait_runs('u', 1, WAIT_MS);
		/* It serves on, as it must be there. */
		ck_assert_int_eq(ask_pid(), pool);
		take_back("hang", 'u');
		ck_assert_int_eq(wait_exit(pool, 4000), 0);
		pool = 0;
		wait_for_nobody();
	}
END_TEST

static void
add_wishes(TCase *tc)
{
	tcase_add_loop_test(tc, an_urgent_wish_waits_for_no_other_run, 0, 2);
	tcase_add_test(tc, a_regular_run_waits_for_no_urgent_one);
	tcase_add_test(tc, what_others_are_at_is_wished_again_but_not_all_the_time);
	tcase_add_test(tc, an_urgent_run_that_fails_ends_nothing_else);
	tcase_add_loop_test(tc, what_anybody_wishes_in_vain_counts_again_after_the_interval, 0, 3);
	tcase_add_test(tc, what_anybody_wishes_to_good_use_counts_at_once);
	tcase_add_test(tc, who_asks_while_he_is_served_turns_nobody_away);
	tcase_add_test(tc, after_the_interval_a_vain_wish_is_tried_again);
}

static void
add_ends(TCase *tc)
{
	tcase_add_loop_test(tc, both_children_end_with_the_pool, 0, 4);
	tcase_add_test(tc, both_children_outlast_a_reload);
	tcase_add_test(tc, a_worker_that_ends_leaves_its_wish);
	tcase_add_test(tc, a_single_process_stays_for_an_urgent_wish);
}

int
main(void)
{
	Suite *suite = suite_create("pool_job");
	SRunner *runner = srunner_create(suite);
	TCase *tc = tcase_create("pool_job");
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, NULL, end);
	add_wishes(tc);
	add_ends(tc);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
