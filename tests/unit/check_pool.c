/* http/pool and http/connection: masters, workers and broken peers, with a toy application. */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "fixture_pool.h"

enum { END_MS = 30000 }; /* for an end that comes at once, on a machine that is busy */

static pid_t pool;

static const char one_worker[] = "Workers = 1\nRequestTimeoutSeconds = 3";

static void
start_one(void)
{
	pool = start_toy(one_worker, false);
}

/* Its watchdog comes after END_MS. */
static void
start_patient(void)
{
	pool = start_toy("Workers = 1\nRequestTimeoutSeconds = 60", false);
}

static void
start_two(void)
{
	pool = start_toy("Workers = 2\nRequestTimeoutSeconds = 3", false);
}

static void
start_eight(void)
{
	pool = start_toy("Workers = 8\nRequestTimeoutSeconds = 3", false);
}

static void
start_recycling(void)
{
	pool = start_toy("Workers = 1\nMaxRequests = 3", false);
}

static void
start_often(void)
{
	pool = start_toy("Workers = 1\n[Maintain]\nIntervalSeconds = 1", false);
}

static void
start_single(void)
{
	pool = start_toy(one_worker, true);
}

static void
end(void)
{
	int status;

	if (pool > 0 && kill(pool, SIGTERM) == 0 && wait_exit(pool, END_MS) == 1000)
		(void)kill(pool, SIGKILL);
	while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
		errno = 0;
	remove_folder();
}

/* Waits until a worker has read all that was sent. */
static void
wait_until_read(int fd)
{
	int unread = -1;

	for (int waited = 0; waited < WAIT_MS && unread != 0; waited += 10) {
		ck_assert_int_eq(ioctl(fd, SIOCOUTQ, &unread), 0);
		if (unread != 0)
			nap_ms(10);
	}
	ck_assert_int_eq(unread, 0);
}

START_TEST(a_request_is_answered_and_its_connection_closed)
	{
		struct answer answer;
		char octet;
		int fd = dial();

		put_begin(fd, _i == 1); /* FCGI_KEEP_CONN would pin the worker */
		put_param(fd, "REQUEST_METHOD", "GET");
		put_param(fd, "REQUEST_URI", "/");
		put_record(fd, FCGI_PARAMS, NULL, 0);
		put_record(fd, FCGI_STDIN, NULL, 0);
		answer = get_answer(fd);
		ck_assert(answer.is_whole);
		ck_assert_ptr_nonnull(strstr(answer.text, "Status: 200 OK\r\nX-Request-Id: "));
		ck_assert_int_eq(recv(fd, &octet, 1, 0), 0);
		(void)close(fd);
	}
END_TEST

START_TEST(a_request_with_a_part_of_its_parameters_is_dropped)
	{
		struct answer answer;
		int fd = dial();

		put_begin(fd, false);
		put_param(fd, "REQUEST_METHOD", "GET");
		put_param(fd, "REQUEST_URI", "/");
		if (_i == 1)
			put_record(fd, FCGI_ABORT, NULL, 0);
		if (_i == 2)
			put_record(fd, FCGI_PARAMS, "\x0e\x03REQ", 5);
		(void)shutdown(fd, SHUT_WR);
		answer = get_answer(fd);
		ck_assert(!answer.is_whole);
		ck_assert_uint_eq(answer.len, 0);
		(void)close(fd);
		ck_assert_int_gt(ask_pid(), 0);
	}
END_TEST

START_TEST(only_responders_are_answered)
	{
		const char authorizer[8] = { 0, 2, 0 };
		int fd = dial();

		put_record(fd, FCGI_BEGIN, authorizer, sizeof(authorizer));
		put_param(fd, "REQUEST_METHOD", "GET");
		put_param(fd, "REQUEST_URI", "/");
		put_record(fd, FCGI_PARAMS, NULL, 0);
		put_record(fd, FCGI_STDIN, NULL, 0);
		ck_assert_uint_eq(get_answer(fd).len, 0);
		(void)close(fd);
	}
END_TEST

START_TEST(a_body_that_is_cut_is_refused)
	{
		struct answer answer;
		int fd = dial();

		put_head(fd, "/", "10");
		put_record(fd, FCGI_STDIN, "hello", 5);
		if (_i == 1)
			put_record(fd, FCGI_ABORT, NULL, 0);
		if (_i == 2)
			put_record(fd, FCGI_STDIN, NULL, 0); /* ended in order, but too short */
		if (_i == 3)
			put_record(fd, FCGI_STDIN, "world", 5); /* whole, but not ended */
		(void)shutdown(fd, SHUT_WR);
		answer = get_answer(fd);
		ck_assert_ptr_nonnull(strstr(answer.text, "Status: 400"));
		(void)close(fd);
	}
END_TEST

START_TEST(a_signal_during_the_body_does_not_cut_it)
	{
		static const int signals[] = { SIGHUP, SIGTERM, SIGUSR1, SIGINT };
		pid_t worker = ask_pid();
		struct answer answer;
		int fd = dial();

		put_head(fd, "/", "10");
		put_record(fd, FCGI_STDIN, "hello", 5);
		wait_until_read(fd);
		ck_assert_int_eq(kill(worker, signals[_i]), 0);
		nap_ms(100);
		put_record(fd, FCGI_STDIN, "world", 5);
		put_record(fd, FCGI_STDIN, NULL, 0);
		answer = get_answer(fd);
		ck_assert(answer.is_whole);
		ck_assert_int_eq(number_after(&answer, "length="), 10);
		ck_assert_int_eq(number_after(&answer, "pid="), worker);
		(void)close(fd);
		if (signals[_i] == SIGHUP)
			ck_assert_int_eq(ask_pid(), worker);
		else
			ck_assert_int_ne(ask_pid(), worker);
	}
END_TEST

START_TEST(a_silent_peer_costs_a_moment)
	{
		pid_t worker = ask_pid();
		int fd = dial();

		if (_i >= 1)
			put_begin(fd, false);
		if (_i >= 2)
			put_param(fd, "REQUEST_METHOD", "GET");
		nap_ms(50);
		/* In less than RequestTimeoutSeconds, else it would be another one. */
		ck_assert_int_eq(ask_pid(), worker);
		(void)close(fd);
	}
END_TEST

START_TEST(a_peer_that_keeps_its_end_open_costs_a_moment)
	{
		pid_t worker = ask_pid();
		int64_t began = clock_monotonic_ms();

		/* libfcgi's own wait would be two seconds each. */
		for (int i = 0; i < 6; i++) {
			int fd = dial();

			put_request(fd, "/");
			ck_assert(get_answer(fd).is_whole);
			ck_assert_int_eq(ask_pid(), worker);
			(void)close(fd);
		}
		ck_assert_int_lt(clock_monotonic_ms() - began, 12000);
	}
END_TEST

START_TEST(a_worker_that_hangs_is_replaced)
	{
		pid_t worker = ask_pid();
		int64_t began = clock_monotonic_ms();

		ck_assert(!ask("/sleep/60000").is_whole);
		ck_assert_int_ge(clock_monotonic_ms() - began, 2900);
		ck_assert_int_lt(clock_monotonic_ms() - began, 30000);
		ck_assert_int_ne(ask_pid(), worker);
	}
END_TEST

START_TEST(a_request_just_within_the_time_is_answered)
	{
		ck_assert(ask("/sleep/1500").is_whole);
	}
END_TEST

START_TEST(a_peer_that_drips_is_ended_by_the_watchdog)
	{
		pid_t worker = ask_pid();
		int fd = dial();
		int drops = 0;

		put_begin(fd, false);
		while (drops < 100 && send(fd, "\1\4\0\1\0\2\0\0\0", 8, MSG_NOSIGNAL) == 8 &&
		       send(fd, "\0\0", 2, MSG_NOSIGNAL) == 2) {
			nap_ms(200);
			drops++;
		}
		ck_assert_int_lt(drops, 100);
		(void)close(fd);
		ck_assert_int_ne(ask_pid(), worker);
	}
END_TEST

START_TEST(a_slow_reader_gets_its_answer_while_it_makes_progress)
	{
		static unsigned char piece[262144];
		size_t total = 0;
		ssize_t got;
		int fd = dial();

		put_request(fd, "/big");
		/* four seconds in all, longer than RequestTimeoutSeconds */
		while ((got = recv(fd, piece, sizeof(piece), MSG_WAITALL)) > 0) {
			total += (size_t)got;
			nap_ms(250);
		}
		ck_assert_uint_gt(total, BIG_BODY);
		(void)close(fd);
	}
END_TEST

START_TEST(a_reader_that_stops_is_cut_off)
	{
		pid_t worker = ask_pid();
		int fd = dial();

		put_request(fd, "/big");
		ck_assert_int_eq(ask_pid(), worker);
		ck_assert(!get_answer(fd).is_whole);
		(void)close(fd);
	}
END_TEST

START_TEST(a_killed_worker_is_replaced)
	{
		pid_t worker = ask_pid();

		ck_assert_int_eq(kill(worker, _i == 0 ? SIGKILL : SIGABRT), 0);
		ck_assert_int_ne(ask_pid(), worker);
	}
END_TEST

static bool
log_has(const char *text)
{
	char path[2 * PATH_LEN], line[4097];
	bool found = false;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/log", folder);
	file = fopen(path, "re");
	ck_assert_ptr_nonnull(file);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, text) != NULL;
	(void)fclose(file);
	return found;
}

START_TEST(workers_killed_together_wait_as_for_one)
	{
		char path[64];
		int64_t began;
		FILE *file;
		int pid;

		(void)ask_pid();
		(void)snprintf(
		    path, sizeof(path), "/proc/%d/task/%d/children", (int)pool, (int)pool);
		file = fopen(path, "re");
		ck_assert_ptr_nonnull(file);
		began = clock_monotonic_ms();
		while (fscanf(file, "%d", &pid) == 1)
			(void)kill(pid, SIGKILL);
		(void)fclose(file);
		nap_ms(20);
		ck_assert_int_gt(ask_pid(), 0);
		/* A tenth of a second; eight, each twice the last, make five seconds. */
		ck_assert_int_lt(clock_monotonic_ms() - began, 4500);
	}
END_TEST

START_TEST(a_short_answer_that_nobody_took_is_logged)
	{
		int fd = dial();

		put_request(fd, "/sleep/300");
		(void)close(fd);
		(void)ask_pid();
		ck_assert(log_has("event=answer_cut"));
	}
END_TEST

START_TEST(a_pool_removes_its_own_socket_after_listen_changed)
	{
		char was[2 * PATH_LEN], text[4 * PATH_LEN];

		(void)ask_pid();
		memcpy(was, socket_path, sizeof(was));
		(void)snprintf(text, sizeof(text), "%s.other", was);
		memcpy(socket_path, text, sizeof(socket_path) - 1);
		configure("", one_worker);
		memcpy(socket_path, was, sizeof(was));
		ck_assert_int_eq(kill(pool, SIGHUP), 0);
		for (int i = 0; i < 500 && !log_has("event=reloaded"); i++)
			nap_ms(20);
		ck_assert_int_eq(kill(pool, SIGTERM), 0);
		ck_assert_int_eq(wait_exit(pool, END_MS), 0);
		ck_assert_int_lt(access(was, F_OK), 0);
		pool = 0;
	}
END_TEST

START_TEST(a_worker_is_recycled_after_its_requests)
	{
		pid_t pids[9];
		int changes = 0;

		for (int i = 0; i < 9; i++) {
			pids[i] = ask_pid();
			changes += i > 0 && pids[i] != pids[i - 1] ? 1 : 0;
		}
		ck_assert_int_eq(changes, 2);
	}
END_TEST

START_TEST(an_idle_pool_stops_at_once)
	{
		static const int signals[] = { SIGTERM, SIGINT, SIGUSR1 };

		(void)ask_pid();
		ck_assert_int_eq(kill(pool, signals[_i]), 0);
		ck_assert_int_eq(wait_exit(pool, END_MS), 0);
		ck_assert_int_lt(access(socket_path, F_OK), 0);
		ck_assert_int_eq(waitpid(-1, NULL, 0), -1); /* nobody is left */
		pool = 0;
	}
END_TEST

START_TEST(a_stopping_pool_finishes_its_request)
	{
		struct answer answer;
		int fd = dial();

		put_request(fd, "/sleep/1000");
		wait_until_read(fd);
		ck_assert_int_eq(kill(pool, SIGTERM), 0);
		answer = get_answer(fd);
		ck_assert(answer.is_whole);
		(void)close(fd);
		ck_assert_int_eq(wait_exit(pool, END_MS), 0);
		pool = 0;
	}
END_TEST

START_TEST(a_reload_replaces_the_workers_and_drops_no_request)
	{
		pid_t worker = ask_pid(), next;
		struct answer answer;
		int fd = dial();

		put_request(fd, "/sleep/1000");
		wait_until_read(fd);
		configure("ValidityPeriodDays = 14", "Workers = 2\nRequestTimeoutSeconds = 3");
		ck_assert_int_eq(kill(pool, SIGHUP), 0);
		for (int i = 0; i < 5; i++)
			ck_assert(ask("/").is_whole);
		answer = get_answer(fd);
		ck_assert(answer.is_whole);
		(void)close(fd);
		for (int i = 0; i < 500 && kill(worker, 0) == 0; i++)
			nap_ms(20);
		next = ask_pid();
		ck_assert_int_ne(next, worker);
		ck_assert_int_ne(kill(worker, 0), 0);
	}
END_TEST

START_TEST(a_bad_file_keeps_the_old_settings)
	{
		pid_t worker = ask_pid();

		configure(
		    _i == 0 ? "ValidityPeriodDays = many" : "ValidityPeriodDays = 13", one_worker);
		ck_assert_int_eq(kill(pool, SIGHUP), 0);
		nap_ms(700);
		ck_assert_int_eq(ask_pid(), worker);
	}
END_TEST

START_TEST(workers_end_when_their_master_is_killed)
	{
		struct answer answer;
		int fd = dial(), ended = 0;

		put_request(fd, "/sleep/1000");
		wait_until_read(fd);
		ck_assert_int_eq(kill(pool, SIGKILL), 0);
		answer = get_answer(fd);
		ck_assert(answer.is_whole);
		(void)close(fd);
		for (int i = 0; i < 1500 && ended < 3; i++) {
			while (waitpid(-1, NULL, WNOHANG) > 0)
				ended++;
			nap_ms(10);
		}
		ck_assert_int_ge(ended, 3); /* the master and two workers */
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
		pool = 0;
	}
END_TEST

START_TEST(jobs_run_at_start_and_for_wishes_but_not_too_often)
	{
		int64_t began;
		size_t jobs;

		wait_for_jobs(1);
		began = clock_monotonic_ms();
		ck_assert_int_eq(job_run_so_far(0), 'f');
		while ((jobs = jobs_run_so_far()) < 4 && clock_monotonic_ms() - began < 30000) {
			ck_assert(ask("/want").is_whole);
			nap_ms(20);
		}
		/* The first wish may be fulfilled at once, each further one a second later. */
		ck_assert_uint_eq(jobs, 4);
		ck_assert_int_ge(clock_monotonic_ms() - began, 1700);
		ck_assert_int_eq(job_run_so_far(1), 'w');
	}
END_TEST

START_TEST(jobs_run_at_their_interval)
	{
		int64_t began = clock_monotonic_ms();

		wait_for_jobs(3);
		ck_assert_int_ge(clock_monotonic_ms() - began, 1700);
		ck_assert_int_eq(job_run_so_far(1), 'r');
		ck_assert_int_eq(job_run_so_far(2), 'r');
	}
END_TEST

START_TEST(a_failed_check_is_the_exit_status)
	{
		make_folder();
		configure("ValidityPeriodDays = 13", one_worker);
		pool = fork_plainly();
		if (pool == 0)
			_exit(toy_run(_i == 1));
		ck_assert_int_eq(wait_exit(pool, END_MS), 78);
		remove_folder();
	}
END_TEST

START_TEST(a_socket_in_use_is_left_alone)
	{
		struct error err = { .code = ERR_NONE };
		struct settings settings = { .validity_period_days = 1 };
		int fd = -1;

		settings.server.listen = socket_path;
		ck_assert_int_eq(pool_listen(&settings, &fd, &err), -1);
		ck_assert_int_eq(err.code, ERR_CONFIG);
		ck_assert_int_gt(ask_pid(), 0);
	}
END_TEST

START_TEST(a_stale_socket_is_replaced_but_no_other_file)
	{
		struct settings settings = { .validity_period_days = 1 };
		struct error err = { .code = ERR_NONE };
		struct stat st;
		int fd = -1;

		make_folder();
		settings.server.listen = socket_path;
		ck_assert_int_eq(pool_listen(&settings, &fd, &err), 0);
		ck_assert_int_eq(stat(socket_path, &st), 0);
		ck_assert_int_eq(st.st_mode & 0777, 0600);
		(void)close(fd);
		ck_assert_int_eq(pool_listen(&settings, &fd, &err), 0);
		(void)close(fd);
		configure("", one_worker);
		settings.server.listen = config_path;
		ck_assert_int_eq(pool_listen(&settings, &fd, &err), -1);
		ck_assert_int_eq(access(config_path, F_OK), 0);
		remove_folder();
	}
END_TEST

START_TEST(a_single_process_serves_and_stops)
	{
		ck_assert_int_eq(ask_pid(), pool);
		ck_assert_int_eq(ask_pid(), pool);
		wait_for_jobs(1);
		ck_assert_uint_eq(jobs_run_so_far(), 1);
		ck_assert_int_eq(job_run_so_far(0), 'r');
		ck_assert_int_eq(kill(pool, SIGTERM), 0);
		ck_assert_int_eq(wait_exit(pool, END_MS), 0);
		pool = 0;
	}
END_TEST

START_TEST(a_single_process_that_hangs_is_ended_by_its_alarm)
	{
		(void)ask_pid();
		nap_ms(3500); /* no alarm while it is idle */
		ck_assert_int_eq(ask_pid(), pool);
		ck_assert(!ask("/sleep/60000").is_whole);
		ck_assert_int_eq(wait_exit(pool, END_MS), 2000 + SIGALRM);
		pool = 0;
	}
END_TEST

static TCase *
add_case(Suite *suite, const char *name, SFun start)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	if (start != NULL)
		tcase_add_checked_fixture(tc, start, end);
	suite_add_tcase(suite, tc);
	return tc;
}

static void
add_peers(TCase *tc)
{
	tcase_add_loop_test(tc, a_request_is_answered_and_its_connection_closed, 0, 2);
	tcase_add_loop_test(tc, a_request_with_a_part_of_its_parameters_is_dropped, 0, 3);
	tcase_add_test(tc, only_responders_are_answered);
	tcase_add_loop_test(tc, a_body_that_is_cut_is_refused, 0, 4);
	tcase_add_loop_test(tc, a_signal_during_the_body_does_not_cut_it, 0, 4);
	tcase_add_loop_test(tc, a_silent_peer_costs_a_moment, 0, 3);
	tcase_add_test(tc, a_peer_that_keeps_its_end_open_costs_a_moment);
	tcase_add_test(tc, a_peer_that_drips_is_ended_by_the_watchdog);
	tcase_add_test(tc, a_slow_reader_gets_its_answer_while_it_makes_progress);
	tcase_add_test(tc, a_reader_that_stops_is_cut_off);
	tcase_add_test(tc, a_short_answer_that_nobody_took_is_logged);
}

static void
add_life(TCase *tc)
{
	tcase_add_test(tc, a_worker_that_hangs_is_replaced);
	tcase_add_test(tc, a_request_just_within_the_time_is_answered);
	tcase_add_loop_test(tc, a_killed_worker_is_replaced, 0, 2);
	tcase_add_test(tc, a_stopping_pool_finishes_its_request);
	tcase_add_loop_test(tc, a_bad_file_keeps_the_old_settings, 0, 2);
	tcase_add_test(tc, a_reload_replaces_the_workers_and_drops_no_request);
	tcase_add_test(tc, jobs_run_at_start_and_for_wishes_but_not_too_often);
	tcase_add_test(tc, a_socket_in_use_is_left_alone);
	tcase_add_test(tc, a_pool_removes_its_own_socket_after_listen_changed);
}

int
main(void)
{
	Suite *suite = suite_create("pool");
	SRunner *runner = srunner_create(suite);
	TCase *tc;
	int failed;

	add_peers(add_case(suite, "peers", start_one));
	add_life(add_case(suite, "life", start_one));
	tc = add_case(suite, "patient", start_patient);
	tcase_add_loop_test(tc, an_idle_pool_stops_at_once, 0, 3);
	tc = add_case(suite, "two", start_two);
	tcase_add_test(tc, workers_end_when_their_master_is_killed);
	tc = add_case(suite, "eight", start_eight);
	tcase_add_test(tc, workers_killed_together_wait_as_for_one);
	tc = add_case(suite, "recycling", start_recycling);
	tcase_add_test(tc, a_worker_is_recycled_after_its_requests);
	tc = add_case(suite, "often", start_often);
	tcase_add_test(tc, jobs_run_at_their_interval);
	tc = add_case(suite, "single", start_single);
	tcase_add_test(tc, a_single_process_serves_and_stops);
	tcase_add_test(tc, a_single_process_that_hangs_is_ended_by_its_alarm);
	tc = add_case(suite, "start", NULL);
	tcase_add_loop_test(tc, a_failed_check_is_the_exit_status, 0, 2);
	tcase_add_test(tc, a_stale_socket_is_replaced_but_no_other_file);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
