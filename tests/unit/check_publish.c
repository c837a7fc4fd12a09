/* Publishing CRLs: numbers, contents, deltas and what is due, against a real MariaDB. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "crypto/cert.h"
#include "crypto/crl.h"
#include "enroll/status/publish.h"
#include "enroll/status/revoke.h"
#include "fixture_authority.h"
#include "fixture_store.h"
#include "store/revoked_certificates.h"

enum { CERTIFICATES = 24, HOUR = 3600, CRL_BUF = 64 << 20, VALIDITY = 8640 };

static char http_base_url[] = "http://pki.example.test",
	    https_base_url[] = "https://pki.example.test";
static char storage[] = "Storage", none[] = "None";
static struct uuid generation_id;
static struct fixture_record certificates[CERTIFICATES];
static struct job_context job;

static void
read_uuid(const char *what, struct uuid *out)
{
	for (unsigned i = 0; i < sizeof(out->octets); i++)
		out->octets[i] = (uint8_t)with_db_sql("SELECT ORD(SUBSTR(%s, %u, 1))", what, i + 1);
}

/* By our fixed clock authorities end in 2027, but CRLs go by the clock of the database. */
static void
end_in_2099(void)
{
	with_db_sql("UPDATE authority_generation SET not_after = '2099-01-01'");
}

/* An authority with a real key, and the settings' defaults. */
static void
publish_setup(void)
{
	setup();
	with_db_settings.server.base_url = https_base_url;
	with_db_settings.server.http_base_url = http_base_url;
	with_db_settings.crl.source = storage;
	with_db_settings.crl.validity_s = VALIDITY;
	with_db_settings.crl.overlap_percent = 50;
	with_db_settings.crl.add_idp = true;
	make_demo();
	end_in_2099();
	read_uuid("(SELECT id FROM authority_generation WHERE label = 'demo-1')", &generation_id);
	job = (struct job_context){ .settings = &with_db_settings, .db = with_db };
}

/* The certificates whose state the tests change, good all of them. */
static void
insert_certificates(void)
{
	struct uuid profile;

	read_uuid("(SELECT id FROM ra_profile LIMIT 1)", &profile);
	for (uint8_t i = 0; i < CERTIFICATES; i++) {
		struct fixture_record *f = &certificates[i];

		fixture_record((uint8_t)(i + 1), f);
		f->r.generation_id = generation_id;
		f->r.ra_profile_id = profile;
		f->r.not_after = 4000000000;
		fixture_insert(f);
	}
}

/* Whether it was changed. */
static bool
change(size_t i, enum revocation_action action, int reason)
{
	struct revoke_outcome outcome_of = { 0, 0 };
	const struct revoke_request request = {
		.action = action,
		.reason = reason,
		.actor = "uid:7",
		.remote_address = "",
	};

	error_clear(&with_db_err);
	if (revoke_certificate(
		with_db, &certificates[i].r.id, &request, &outcome_of, &with_db_err) == 0)
		return outcome_of.changed == 1;
	/* What its state does not allow. */
	ck_assert_msg(error_is(&with_db_err, ERR_CONFLICT), "%s", with_db_err.text);
	error_clear(&with_db_err);
	return false;
}

static struct crl_row
publish(enum crl_kind kind)
{
	const struct publish_request request = { generation_id, kind };
	struct crl_row row;

	error_clear(&with_db_err);
	with_db_ok(publish_now(&job, &request, &row, &with_db_err));
	return row;
}

static int
keep_part(struct bytes part, void *arg, struct error *err)
{
	struct buf *der = arg;

	(void)err;
	buf_add(der, part);
	return 0;
}

/* The DER of a row, which must be what the row says. */
static void
fetch(const struct crl_row *row, struct buf *der, struct crl_facts *facts)
{
	const struct crl_part_visit visit = { keep_part, der };
	uint8_t hash[SHA256_SIZE];

	with_db_ok(crls_each_part(with_db, row, &visit, &with_db_err));
	ck_assert(!buf_failed(der));
	ck_assert_uint_eq(der->len, row->size);
	ck_assert_int_eq(sha256(buf_bytes(der), hash, &with_db_err), 0);
	ck_assert_mem_eq(hash, row->sha256, sizeof(hash));
	with_db_ok(crl_read(buf_bytes(der), facts, &with_db_err));
	ck_assert_uint_eq(facts->number, row->number);
	ck_assert_int_eq(facts->has_base, row->has_base);
	ck_assert_uint_eq(facts->base_number, row->base_number);
	ck_assert_int_eq(facts->this_update, row->this_update);
	ck_assert_int_eq(facts->next_update, row->next_update);
	ck_assert_uint_eq(facts->entries, row->entries);
}

static struct crl_row
latest(enum crl_kind kind)
{
	struct crl_row row;

	error_clear(&with_db_err);
	with_db_ok(crls_latest(with_db, &generation_id, kind, &row, &with_db_err));
	return row;
}

/* Every row of the table is whole, and their numbers are those that were given. */
static void
assert_consistent(void)
{
	with_db_sql("SET group_concat_max_len = 1 << 24");
	ck_assert_int_eq(
	    with_db_sql("SELECT COUNT(*) FROM crl c WHERE c.sha256 <> COALESCE((SELECT UNHEX(SHA2("
			"GROUP_CONCAT(p.data ORDER BY p.part SEPARATOR ''), 256)) FROM crl_part p"
			" WHERE p.crl_id = c.id), '')"),
	    0);
	ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM crl c JOIN authority_generation g"
				     " ON g.id = c.generation_id WHERE c.number > g.crl_number"),
	    0);
}

/* What a CRL, or a CRL and a delta CRL to it, say of our certificates: the reason, or -1. */
struct picture {
	int reasons[CERTIFICATES];
};

static struct picture
all_good(void)
{
	struct picture picture = { { 0 } };

	for (size_t i = 0; i < CERTIFICATES; i++)
		picture.reasons[i] = -1;
	return picture;
}

static int
paint_entry(const struct crl_entry *entry, void *arg, struct error *err)
{
	struct picture *picture = arg;
	size_t i = entry->serial.ptr[1] - 1U;

	(void)err;
	ck_assert_uint_lt(i, CERTIFICATES);
	ck_assert(bytes_equal(entry->serial, certificates[i].r.serial));
	picture->reasons[i] = entry->reason == CRL_REMOVED ? -1 : entry->reason;
	return 0;
}

static void
paint(const struct crl_row *row, struct picture *picture)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CRL_BUF);
	const struct crl_visit visit = { paint_entry, picture };
	struct crl_facts facts;

	fetch(row, &der, &facts);
	with_db_ok(crl_each(buf_bytes(&der), &visit, &with_db_err));
}

static struct picture
picture_of(const struct crl_row *full)
{
	struct picture picture = all_good();

	paint(full, &picture);
	return picture;
}

/* The same as the certificates' own rows have it. */
static struct picture
picture_of_table(void)
{
	struct picture picture = { { 0 } };

	for (int i = 0; i < CERTIFICATES; i++)
		picture.reasons[i] =
		    (int)with_db_sql("SELECT COALESCE(MAX(revocation_reason), -1) FROM certificate"
				     " WHERE issued_at = FROM_UNIXTIME(%d) AND status <> 'good'",
			FIXTURE_ISSUED + 1 + i);
	return picture;
}

#define assert_same(a, b, ...) \
	ck_assert_msg(memcmp((a).reasons, (b).reasons, sizeof((a).reasons)) == 0, __VA_ARGS__)

START_TEST(a_first_crl_is_empty_and_signed)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(CRL_BUF);
		struct crl_row row = publish(CRL_FULL);
		struct crl_facts facts;
		cleanup(generation_release) struct generation generation;
		cleanup(cert_freep) struct cert *ca = NULL;

		fetch(&row, &der, &facts);
		with_db_ok(generations_find_id(with_db, &generation_id, &generation, &with_db_err));
		with_db_ok(cert_parse(buf_bytes(&generation.certificate), &ca, &with_db_err));
		ck_assert(bytes_equal(facts.issuer, ca->subject));
		ck_assert(bytes_equal(facts.authority_key_id, ca->key_id));
		with_db_ok(key_verify(
		    ca->spki, facts.algorithm, facts.tbs, facts.signature, &with_db_err));
		ck_assert_uint_eq(facts.entries, 0);
		ck_assert_uint_eq(facts.number, 1);
		ck_assert_int_eq(facts.next_update - facts.this_update, VALIDITY);
		ck_assert_int_le(
		    llabs(with_db_sql("SELECT UNIX_TIMESTAMP()") - 60 - facts.this_update), 30);
	}
END_TEST

START_TEST(a_certificate_leaves_one_period_after_its_end)
	{
		static const int ENDS[] = { 86400, 0, -VALIDITY + 60, -VALIDITY - 60, -86400 };
		struct picture picture;

		insert_certificates();
		for (size_t i = 0; i < COUNT(ENDS); i++) {
			ck_assert(change(i, REVOCATION_REVOKE, 4));
			with_db_sql("UPDATE revoked_certificate SET not_after = UTC_TIMESTAMP()"
				    " + INTERVAL %d SECOND WHERE HEX(serial) LIKE '50%02X%%'",
			    ENDS[i], (unsigned)i + 1);
		}
		{
			struct crl_row row = publish(CRL_FULL);

			picture = picture_of(&row);
		}
		for (size_t i = 0; i < COUNT(ENDS); i++)
			ck_assert_int_eq(picture.reasons[i], ENDS[i] > -VALIDITY ? 4 : -1);
	}
END_TEST

/* Whoever was away for longer than a CRL is valid still owes those of that time one CRL. */
START_TEST(a_certificate_is_on_a_crl_that_was_made_after_its_end)
	{
		static const int ENDS[] = { -2 * VALIDITY, -3 * VALIDITY - 120 };
		struct picture picture;
		struct crl_row row;

		insert_certificates();
		for (size_t i = 0; i < COUNT(ENDS); i++) {
			ck_assert(change(i, REVOCATION_REVOKE, 4));
			with_db_sql("UPDATE revoked_certificate SET not_after = UTC_TIMESTAMP()"
				    " + INTERVAL %d SECOND WHERE HEX(serial) LIKE '50%02X%%'",
			    ENDS[i], (unsigned)i + 1);
		}
		row = publish(CRL_FULL);
		ck_assert_uint_eq(row.entries, 0); /* the first of all */
		with_db_sql("UPDATE crl SET this_update = UTC_TIMESTAMP() - INTERVAL %d SECOND",
		    3 * VALIDITY);
		row = publish(CRL_FULL);
		picture = picture_of(&row);
		ck_assert_int_eq(picture.reasons[0], 4);
		ck_assert_int_eq(picture.reasons[1], -1);
		row = publish(CRL_FULL);
		ck_assert_uint_eq(row.entries, 0);
	}
END_TEST

static int
check_date(const struct crl_entry *entry, void *arg, struct error *err)
{
	const int64_t *this_update = arg;

	(void)err;
	/* thisUpdate is a minute earlier than that. */
	ck_assert_int_le(entry->revoked_at, *this_update + publish_backdating(VALIDITY));
	return 0;
}

/* Of a host whose clock was ahead; Java's clients believe a revocation from its date on. */
START_TEST(no_revocation_is_dated_after_its_crl)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(CRL_BUF);
		struct crl_row row;
		struct crl_facts facts;
		const struct crl_visit visit = { check_date, &row.this_update };

		insert_certificates();
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		with_db_sql("UPDATE revoked_certificate SET revoked_at = UTC_TIMESTAMP()"
			    " + INTERVAL 1 DAY");
		row = publish(CRL_FULL);
		fetch(&row, &der, &facts);
		ck_assert_uint_eq(facts.entries, 1);
		with_db_ok(crl_each(buf_bytes(&der), &visit, &with_db_err));
	}
END_TEST

/* Random steps; a failure tells the seed, and CHECK_SEED repeats it. */
static unsigned seed;
static uint64_t random_state;

static unsigned
dice(unsigned sides)
{
	/* Knuth's constants; any generator that repeats will do. */
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(random_state >> 33) % sides;
}

static void
seed_dice(void)
{
	const char *text = getenv("CHECK_SEED");

	seed = text != NULL ? (unsigned)strtoul(text, NULL, 10) : (unsigned)getpid();
	random_state = seed;
}

/* The full CRLs that clients may still have, newest first. */
struct cached {
	struct crl_row rows[2];
	size_t count;
};

static void
step_full(struct cached *cached, int step)
{
	struct crl_row row = publish(CRL_FULL);

	assert_same(picture_of(&row), picture_of_table(), "seed %u, step %d: full", seed, step);
	cached->rows[1] = cached->rows[0];
	cached->rows[0] = row;
	if (cached->count < 2)
		cached->count++;
}

/* With each CRL that it goes with, the delta CRL makes what the next full one will say. */
static void
step_delta(const struct cached *cached, int step)
{
	struct picture truth = picture_of_table();
	struct crl_row delta;

	if (cached->count == 0)
		return;
	delta = publish(CRL_DELTA);
	ck_assert_uint_eq(delta.base_number, cached->rows[cached->count - 1].number);
	ck_assert_uint_gt(delta.number, cached->rows[0].number);
	for (size_t i = 0; i < cached->count; i++) {
		struct picture sum = picture_of(&cached->rows[i]);

		paint(&delta, &sum);
		assert_same(sum, truth, "seed %u, step %d: delta to %zu", seed, step, i);
	}
}

static void
step_change(void)
{
	static const int REASONS[] = { 0, 1, 3, 4, 5, 9 };
	size_t i = dice(CERTIFICATES);

	switch (dice(5)) {
	case 0:
		(void)change(i, REVOCATION_REVOKE, REASONS[dice(COUNT(REASONS))]);
		break;
	case 1:
	case 2:
		(void)change(i, REVOCATION_RELEASE, 0);
		break;
	default:
		(void)change(i, REVOCATION_HOLD, 6);
		break;
	}
}

START_TEST(a_delta_crl_makes_of_its_base_what_the_next_crl_says)
	{
		struct cached cached = { .count = 0 };

		seed_dice();
		with_db_settings.crl.delta_s = HOUR;
		insert_certificates();
		for (int step = 0; step < 400; step++) {
			unsigned throw = dice(12);

			if (throw == 0)
				step_full(&cached, step);
			else if (throw <= 2)
				step_delta(&cached, step);
			else
				step_change();
		}
		step_delta(&cached, -1);
		step_full(&cached, -1);
		ck_assert_int_gt(with_db_sql("SELECT COUNT(*) FROM revocation_event"
					     " WHERE action = 'release'"),
		    3);
	}
END_TEST

/* What `certwright recover` took from a file: no event says since when it is revoked. */
START_TEST(a_serial_that_only_a_crl_knew_is_in_the_delta_to_an_older_base)
	{
		static const uint8_t SERIAL[] = { 0x50, 24, 'b', 'a', 'r', 'e' };
		const struct revoked_certificate bare = {
			.serial = bytes_of(SERIAL, sizeof(SERIAL)), .revoked_at = NOW, .reason = 1
		};
		struct crl_row base, full, delta;
		bool added = false;

		with_db_settings.crl.delta_s = HOUR;
		insert_certificates();
		ck_assert(change(0, REVOCATION_REVOKE, 4));
		base = publish(CRL_FULL);
		with_db_ok(revoked_certificates_add_serial(
		    with_db, &generation_id, &bare, &added, &with_db_err));
		ck_assert(added);
		full = publish(CRL_FULL);
		ck_assert_uint_eq(full.entries, 2);
		delta = publish(CRL_DELTA);
		ck_assert_uint_eq(delta.base_number, base.number);
		ck_assert_uint_eq(delta.entries, 1);
		/* Its certificate has come back: one entry, as the event has it. */
		with_db_sql("UPDATE certificate SET serial = x'%s' WHERE HEX(serial) LIKE '5018%%'",
		    "501862617265");
		ck_assert(change(23, REVOCATION_REVOKE, 1));
		delta = publish(CRL_DELTA);
		ck_assert_uint_eq(delta.entries, 1);
	}
END_TEST

START_TEST(an_event_between_number_and_list_is_in_the_delta_too)
	{
		struct picture picture = all_good();
		struct crl_row base, delta;

		with_db_settings.crl.delta_s = HOUR;
		insert_certificates();
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		base = publish(CRL_FULL);
		/* As if it had been committed after the stamp and before the list was read. */
		with_db_sql("UPDATE revocation_event SET crl_number = NULL");
		delta = publish(CRL_DELTA);
		ck_assert_uint_eq(delta.base_number, base.number);
		paint(&delta, &picture);
		ck_assert_int_eq(picture.reasons[0], 1);
		ck_assert_uint_eq(delta.entries, 1);
	}
END_TEST

/* A worker of an older version, which writes the row and the event alone. */
static void
change_as_older(unsigned i, const char *action, const char *status, const char *reason)
{
	with_db_sql("UPDATE certificate SET status = '%s', revoked_at = IF('%s' = 'good', NULL,"
		    " '2026-01-02'), revocation_reason = %s WHERE HEX(serial) LIKE '50%02X%%'",
	    status, status, reason, i + 1);
	with_db_sql(
	    "INSERT INTO revocation_event (id, certificate_id, action, reason, at, actor,"
	    " remote_address) SELECT UNHEX(MD5('%s%u')), id, '%s', IFNULL(revocation_reason, 8),"
	    " UTC_TIMESTAMP(), 'uid:7', '' FROM certificate WHERE HEX(serial) LIKE '50%02X%%'",
	    action, i, action, i + 1);
}

START_TEST(what_a_worker_of_an_older_version_revoked_is_listed)
	{
		struct picture picture = all_good();
		struct crl_row full, delta;

		with_db_settings.crl.delta_s = HOUR;
		insert_certificates();
		ck_assert(change(1, REVOCATION_HOLD, 6));
		ck_assert(change(2, REVOCATION_HOLD, 6));
		change_as_older(0, "revoke", "revoked", "1");
		change_as_older(1, "release", "good", "NULL");
		full = publish(CRL_FULL);
		paint(&full, &picture);
		ck_assert_int_eq(picture.reasons[0], 1);
		ck_assert_uint_eq(full.entries, 2);
		change_as_older(3, "hold", "hold", "6");
		change_as_older(2, "revoke", "revoked", "4");
		delta = publish(CRL_DELTA);
		paint(&delta, &picture);
		ck_assert_int_eq(picture.reasons[3], 6);
		ck_assert_int_eq(picture.reasons[2], 4);
		ck_assert_uint_eq(delta.entries, 2);
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) FROM revocation_event WHERE crl_number = 0"
				" OR generation_id IS NULL"),
		    0);
	}
END_TEST

/* A host whose clock is ahead revokes now, not then. */
START_TEST(the_time_of_a_revocation_is_the_databases)
	{
		insert_certificates();
		clock_fix(clock_now() + 86400);
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		ck_assert_int_le(llabs(with_db_sql("SELECT TIMESTAMPDIFF(SECOND, revoked_at,"
						   " UTC_TIMESTAMP()) FROM revoked_certificate")),
		    5);
	}
END_TEST

START_TEST(a_delta_crl_has_a_base_and_an_end)
	{
		const struct publish_request request = { generation_id, CRL_DELTA };
		struct crl_row full, delta;

		with_db_fails(publish_now(&job, &request, NULL, &with_db_err), ERR_CONFIG);
		with_db_settings.crl.delta_s = HOUR;
		with_db_fails(publish_now(&job, &request, NULL, &with_db_err), ERR_NOT_FOUND);
		full = publish(CRL_FULL);
		delta = publish(CRL_DELTA);
		/* DeltaHours and half of that again, from the time of signing. */
		ck_assert_int_eq(delta.next_update - delta.this_update, 60 + HOUR + HOUR / 2);
		/* However little that is, the next one is due before it ends. */
		with_db_settings.crl.delta_s = 360;
		with_db_settings.crl.overlap_percent = 10;
		delta = publish(CRL_DELTA);
		ck_assert_int_eq(delta.next_update - delta.this_update, 60 + 360 + 36);
		with_db_settings.crl.overlap_percent = 50;
		with_db_settings.crl.delta_s = 10 * HOUR;
		delta = publish(CRL_DELTA);
		ck_assert_int_eq(delta.next_update, full.next_update);
		/* One that has ended is no base. */
		with_db_sql(
		    "UPDATE crl SET next_update = UTC_TIMESTAMP() WHERE base_number IS NULL");
		full = publish(CRL_FULL);
		delta = publish(CRL_DELTA);
		ck_assert_uint_eq(delta.base_number, full.number);
		with_db_sql(
		    "UPDATE crl SET next_update = UTC_TIMESTAMP() WHERE base_number IS NULL");
		with_db_fails(publish_now(&job, &request, NULL, &with_db_err), ERR_NOT_FOUND);
	}
END_TEST

/* Which extensions a setting makes: issuingDistributionPoint and freshestCRL. */
static const struct {
	bool add_cdp, add_idp, deltas;
	bool idp, freshest;
} POINTS[] = {
	{ false, true, false, false, false },
	{ true, true, false, true, false },
	{ true, false, false, false, false },
	{ false, true, true, false, true },
	{ true, true, true, true, true },
};

static bool
holds(const struct buf *der, const char *text)
{
	return memmem(der->data, der->len, text, strlen(text)) != NULL;
}

START_TEST(addresses_are_in_crls_as_set)
	{
		cleanup(buf_release) struct buf full = BUF_INIT(CRL_BUF), delta = BUF_INIT(CRL_BUF);
		struct crl_row row;
		struct crl_facts facts;

		with_db_settings.crl.add_cdp = POINTS[_i].add_cdp;
		with_db_settings.crl.add_idp = POINTS[_i].add_idp;
		with_db_settings.crl.delta_s = POINTS[_i].deltas ? HOUR : 0;
		row = publish(CRL_FULL);
		fetch(&row, &full, &facts);
		ck_assert(holds(&full, "http://pki.example.test/crl/demo-1.crl") == POINTS[_i].idp);
		ck_assert(holds(&full, "http://pki.example.test/crl/demo-1-delta.crl") ==
			  POINTS[_i].freshest);
		if (!POINTS[_i].deltas)
			return;
		row = publish(CRL_DELTA);
		fetch(&row, &delta, &facts);
		/* The same scope, or they do not go together. */
		ck_assert(
		    holds(&delta, "http://pki.example.test/crl/demo-1.crl") == POINTS[_i].idp);
		ck_assert(!holds(&delta, "-delta.crl"));
	}
END_TEST

/* So many more, revoked, so that a CRL has several parts and takes its time. */
static void
make_long(unsigned entries)
{
	with_db_sql(
	    "INSERT INTO revoked_certificate SELECT g.id, UNHEX(CONCAT('50', MD5(s.seq))), NULL,"
	    " '2099-01-01', '2026-01-01', s.seq %% 6 FROM seq_1_to_%u s"
	    " JOIN authority_generation g",
	    entries);
}

START_TEST(a_long_crl_comes_in_parts)
	{
		cleanup(buf_release) struct buf der = BUF_INIT(CRL_BUF);
		struct crl_row row;
		struct crl_facts facts;

		make_long(50000);
		row = publish(CRL_FULL);
		ck_assert_uint_eq(row.entries, 50000);
		fetch(&row, &der, &facts);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM crl_part"),
		    (row.size + CRL_PART_MAX - 1) / CRL_PART_MAX);
		ck_assert_int_gt(with_db_sql("SELECT COUNT(*) FROM crl_part"), 1);
		ck_assert_int_eq(
		    with_db_sql("SELECT MAX(LENGTH(data)) FROM crl_part"), CRL_PART_MAX);
		/* Without one of them it is none. */
		with_db_sql("DELETE FROM crl_part WHERE part = 1");
		with_db_fails(crls_each_part(with_db, &row,
				  &(struct crl_part_visit){ keep_part, &der }, &with_db_err),
		    ERR_NOT_FOUND);
	}
END_TEST

/* Publishes again and again, in a process of its own, by a connection of its own. */
static pid_t
fork_publisher(int times)
{
	const struct publish_request request = { generation_id, CRL_FULL };
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	job.db = db_new(&with_db_settings);
	for (int i = 0; i < times; i++) {
		struct error err = { .code = ERR_NONE };

		/* Another one was faster: that is the point. */
		if (publish_now(&job, &request, NULL, &err) < 0 && err.code != ERR_CONFLICT) {
			(void)fprintf(stderr, "publisher: %s\n", err.text);
			_exit(EXIT_FAILURE);
		}
	}
	_exit(EXIT_SUCCESS);
}

START_TEST(numbers_grow_whoever_publishes_at_once)
	{
		pid_t pids[4];
		int status;

		/* In the order in which rows come to be; the server is one, so this may be trusted.
		 */
		with_db_sql(
		    "CREATE TABLE appeared (id INT AUTO_INCREMENT PRIMARY KEY, number BIGINT)");
		with_db_sql("CREATE TRIGGER appears AFTER INSERT ON crl FOR EACH ROW"
			    " INSERT INTO appeared (number) VALUES (NEW.number)");
		make_long(500);
		for (size_t i = 0; i < COUNT(pids); i++)
			pids[i] = fork_publisher(8);
		for (size_t i = 0; i < COUNT(pids); i++) {
			ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
			ck_assert_int_eq(status, 0);
		}
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM appeared a JOIN appeared b"
					     " ON a.id < b.id WHERE a.number >= b.number"),
		    0);
		/* Each took one, none took another's, and the last of all is there. */
		ck_assert_int_eq(with_db_sql("SELECT crl_number FROM authority_generation"), 32);
		ck_assert_int_eq(with_db_sql("SELECT MAX(number) FROM crl"), 32);
		assert_consistent();
	}
END_TEST

START_TEST(a_publisher_may_be_killed_at_any_time)
	{
		uint64_t before = 0;

		seed_dice();
		make_long(30000);
		for (int round = 0; round < 12; round++) {
			pid_t pid = fork_publisher(1000);
			int status;
			struct crl_row row;

			with_db_sleep_ms((long)dice(150));
			ck_assert_int_eq(kill(pid, SIGKILL), 0);
			ck_assert_int_eq(waitpid(pid, &status, 0), pid);
			ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
			assert_consistent();
			row = publish(CRL_FULL);
			ck_assert_msg(row.number > before, "seed %u, round %d", seed, round);
			before = row.number;
			with_db_sql(
			    "DELETE FROM crl WHERE number < %llu", (unsigned long long)before);
		}
	}
END_TEST

static struct job_lease
claim(uint32_t lease_s)
{
	const struct job_claim wanted = { publish_job.name, "us", lease_s, 0 };
	struct job_lease lease;
	bool claimed = false;

	with_db_ok(jobs_claim(with_db, &wanted, &lease, &claimed, &with_db_err));
	ck_assert(claimed);
	return lease;
}

START_TEST(whoever_has_lost_the_lease_publishes_nothing)
	{
		const struct publish_request request = { generation_id, CRL_FULL };
		struct job_lease lease = claim(600);

		job.lease = &lease;
		job.lease_s = 600;
		with_db_ok(publish_now(&job, &request, NULL, &with_db_err));
		/* Another one takes it over when all is ready but the row. */
		with_db_sql("CREATE TRIGGER takes AFTER INSERT ON crl_part FOR EACH ROW"
			    " UPDATE job SET token = token + 1");
		with_db_fails(publish_now(&job, &request, NULL, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM crl"), 1);
		/* And here before it has begun. */
		with_db_fails(publish_now(&job, &request, NULL, &with_db_err), ERR_CONFLICT);
		ck_assert_int_eq(with_db_sql("SELECT crl_number FROM authority_generation"), 2);
	}
END_TEST

/* Events of one certificate; half of them of a worker that knew no generation yet. */
static void
insert_events(unsigned count)
{
	insert_certificates();
	with_db_sql(
	    "INSERT INTO revocation_event (id, certificate_id, generation_id, action, reason,"
	    " at, actor, remote_address) SELECT UNHEX(MD5(s.seq)), c.id,"
	    " IF(s.seq %% 2, c.generation_id, NULL), 'hold', 6, '2026-01-01', '', ''"
	    " FROM seq_1_to_%u s JOIN (SELECT * FROM certificate LIMIT 1) c",
	    count);
}

START_TEST(any_number_of_events_get_their_number)
	{
		struct crl_row row;

		insert_events(12000);
		row = publish(CRL_FULL);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM revocation_event"
					     " WHERE crl_number = %llu",
				     (unsigned long long)row.number),
		    12000);
	}
END_TEST

/* For the greater one's list was read, and may have missed the event. */
START_TEST(no_event_gets_a_number_below_one_that_was_given)
	{
		const struct publish_request request = { generation_id, CRL_FULL };
		long long stamped;

		insert_events(12000);
		with_db_sql(
		    "CREATE TRIGGER outruns AFTER UPDATE ON revocation_event FOR EACH ROW"
		    " UPDATE authority_generation SET crl_number = 2 WHERE NEW.crl_number = 1");
		with_db_fails(publish_now(&job, &request, NULL, &with_db_err), ERR_CONFLICT);
		stamped = with_db_sql(
		    "SELECT COUNT(*) FROM revocation_event WHERE crl_number IS NOT NULL");
		ck_assert_int_gt(stamped, 0);
		ck_assert_int_lt(stamped, 12000);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM crl"), 0);
		with_db_ok(publish_now(&job, &request, NULL, &with_db_err));
	}
END_TEST

/* A row as publish makes it, for crls_insert alone. */
static int
insert_row(struct db *db, void *arg, struct error *err)
{
	return crls_insert(db, arg, err);
}

START_TEST(a_number_is_given_once_and_in_order)
	{
		struct crl_row row = publish(CRL_FULL);

		row.id = fixture_uuid('x');
		row.size = 1;
		with_db_ok(crls_add_part(with_db, &row.id, 0, bytes_text("x"), &with_db_err));
		with_db_fails(
		    db_transaction(with_db, insert_row, &row, &with_db_err), ERR_CONFLICT);
		row.number = 2; /* never given */
		with_db_fails(
		    db_transaction(with_db, insert_row, &row, &with_db_err), ERR_CONFLICT);
		with_db_ok(crls_raise_number(with_db, &generation_id, 10, &with_db_err));
		row.size = CRL_PART_MAX + 1; /* of two parts, and one is there */
		with_db_fails(
		    db_transaction(with_db, insert_row, &row, &with_db_err), ERR_DATABASE);
		row.size = 1;
		with_db_ok(db_transaction(with_db, insert_row, &row, &with_db_err));
		/* Lower is never raised to, and the next is above all. */
		with_db_ok(crls_raise_number(with_db, &generation_id, 5, &with_db_err));
		row = publish(CRL_FULL);
		ck_assert_uint_eq(row.number, 11);
		with_db_fails(crls_raise_number(with_db, &generation_id, UINT64_MAX, &with_db_err),
		    ERR_VALIDATION);
	}
END_TEST

/* One look of the job, as the master has it every minute. */
static enum job_result
look(void)
{
	struct job_context context_of = {
		.settings = &with_db_settings,
		.db = with_db,
		.is_forced = job.is_forced,
		.wishes = job.wishes,
	};

	error_clear(&with_db_err);
	return job_run(&publish_job, &context_of, &with_db_err);
}

static long long
rows(const char *where)
{
	return with_db_sql("SELECT COUNT(*) FROM crl WHERE %s", where);
}

/* As if so much time had passed since everything was published. */
static void
pass(unsigned seconds)
{
	with_db_sql("UPDATE crl SET this_update = this_update - INTERVAL %u SECOND,"
		    " next_update = next_update - INTERVAL %u SECOND",
	    seconds, seconds);
}

START_TEST(a_crl_is_due_when_half_of_its_time_is_over)
	{
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		pass(VALIDITY / 2 - 40);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		with_db_settings.crl.overlap_percent = 60;
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		/* A shorter validity takes effect at once, a longer one when it is time. */
		pass(300);
		with_db_settings.crl.validity_s = 600;
		ck_assert_int_eq(look(), JOB_DONE);
		with_db_settings.crl.validity_s = 86400;
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		pass(300);
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(
		    latest(CRL_FULL).next_update - latest(CRL_FULL).this_update, 86400);
		/* One that the database's clock, a day ahead, has made. */
		with_db_sql("UPDATE crl SET this_update = this_update + INTERVAL 1 DAY,"
			    " next_update = next_update + INTERVAL 1 DAY");
		ck_assert_int_eq(look(), JOB_DONE);
		job.is_forced = true;
		ck_assert_int_eq(look(), JOB_DONE);
	}
END_TEST

/* The minute that a CRL is dated back is not of the time that is left. */
START_TEST(a_crl_is_due_before_it_ends_however_little_they_overlap)
	{
		static const struct {
			uint32_t validity_s, overlap_percent;
		} rows_of[] = { { VALIDITY, 1 }, { 600, 5 }, { 86, 10 }, { VALIDITY, 99 } };
		int64_t left;

		for (size_t i = 0; i < COUNT(rows_of); i++) {
			with_db_settings.crl.validity_s = rows_of[i].validity_s;
			with_db_settings.crl.overlap_percent = rows_of[i].overlap_percent;
			with_db_sql("DELETE FROM crl");
			ck_assert_int_eq(look(), JOB_DONE);
			ck_assert_int_eq(look(), JOB_NOT_DUE);
			left = (int64_t)(rows_of[i].validity_s -
					 publish_backdating(rows_of[i].validity_s)) *
			       rows_of[i].overlap_percent / 100;
			pass((unsigned)(rows_of[i].validity_s -
					publish_backdating(rows_of[i].validity_s) - left));
			ck_assert_int_eq(look(), JOB_DONE);
		}
	}
END_TEST

/* It was cut to the end of the full CRL that was the newest then. */
START_TEST(a_delta_crl_that_was_cut_is_followed_before_it_ends)
	{
		with_db_settings.crl.validity_s = 24 * HOUR;
		with_db_settings.crl.delta_s = 10 * HOUR;
		with_db_settings.crl.publish_on_revocation = true;
		insert_certificates();
		ck_assert_int_eq(look(), JOB_DONE);
		pass(11 * HOUR);
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(rows("base_number IS NULL"), 1);
		ck_assert_int_eq(latest(CRL_DELTA).next_update, latest(CRL_FULL).next_update);
		pass(HOUR);
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(rows("base_number IS NULL"), 2);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		pass(8 * HOUR);
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_gt(latest(CRL_DELTA).next_update,
		    with_db_sql("SELECT UNIX_TIMESTAMP()") + 10 * HOUR);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
	}
END_TEST

START_TEST(a_revocation_makes_a_crl_due_where_that_is_set)
	{
		insert_certificates();
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		with_db_settings.crl.publish_on_revocation = true;
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_uint_eq(latest(CRL_FULL).entries, 1);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		ck_assert(change(1, REVOCATION_HOLD, 6));
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert(change(1, REVOCATION_RELEASE, 0));
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_uint_eq(latest(CRL_FULL).entries, 1);
		ck_assert_int_eq(rows("base_number IS NOT NULL"), 0);
	}
END_TEST

/* A second certificate of the same CA, as `certwright ca renew` makes one. */
static void
make_twin(void)
{
	with_db_sql("INSERT INTO authority_generation (id, authority_id, number, label, key_id,"
		    " state, subject, certificate, fingerprint, not_before, not_after, created_at)"
		    " SELECT REPEAT('t', 16), authority_id, 2, 'demo-2', key_id, 'retired',"
		    " subject, certificate, REPEAT('f', 32), not_before, not_after, created_at"
		    " FROM authority_generation WHERE label = 'demo-1'");
}

/* Who has the CRL of either takes it for that of the CA: none of it tells which it is. */
START_TEST(generations_with_one_name_and_key_have_one_list)
	{
		struct picture picture = all_good();
		struct crl_row row;

		with_db_settings.crl.delta_s = HOUR;
		insert_certificates();
		make_twin();
		with_db_sql("UPDATE certificate SET generation_id = REPEAT('t', 16)"
			    " WHERE HEX(serial) NOT LIKE '5001%%'");
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		/* On the other's list it is too: a CRL that was recovered told of it. */
		with_db_sql("INSERT INTO revoked_certificate SELECT REPEAT('t', 16), serial, NULL,"
			    " not_after, revoked_at, 6 FROM revoked_certificate");
		ck_assert(change(1, REVOCATION_REVOKE, 4));
		ck_assert(change(2, REVOCATION_HOLD, 6));
		row = publish(CRL_FULL);
		ck_assert_uint_eq(row.entries, 3);
		paint(&row, &picture);
		ck_assert_int_eq(picture.reasons[0], 1);
		assert_same(picture, picture_of_table(), "full");
		ck_assert(change(2, REVOCATION_RELEASE, 0));
		ck_assert(change(3, REVOCATION_REVOKE, 5));
		row = publish(CRL_DELTA);
		paint(&row, &picture);
		assert_same(picture, picture_of_table(), "delta");
		/* Under another name, or with another key, it is another CA. */
		with_db_sql("UPDATE authority_generation SET subject = 'CN=x' WHERE number = 2");
		ck_assert_uint_eq(publish(CRL_FULL).entries, 1);
		with_db_sql("UPDATE authority_generation a JOIN authority_generation b ON b.number"
			    " = 1 SET a.subject = b.subject WHERE a.number = 2");
		ck_assert_uint_eq(publish(CRL_FULL).entries, 3);
		with_db_sql(
		    "INSERT INTO managed_key SELECT REPEAT('k', 16), 'other', algorithm,"
		    " bits, uri, NULL, 'other', usages, state, created_at FROM managed_key");
		with_db_sql("UPDATE authority_generation SET key_id = REPEAT('k', 16)"
			    " WHERE number = 2");
		ck_assert_uint_eq(publish(CRL_FULL).entries, 1);
	}
END_TEST

START_TEST(what_one_of_them_revokes_makes_the_other_s_crl_due_too)
	{
		with_db_settings.crl.publish_on_revocation = true;
		insert_certificates();
		make_twin();
		with_db_sql("UPDATE certificate SET generation_id = REPEAT('t', 16)"
			    " WHERE HEX(serial) LIKE '5001%%'");
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		for (size_t i = 0; i < 2; i++) {
			ck_assert(change(i, REVOCATION_REVOKE, 1));
			ck_assert_int_eq(look(), JOB_DONE);
			ck_assert_int_eq(
			    with_db_sql("SELECT COUNT(*) FROM crl c WHERE c.entries = %zu"
					" AND c.number = (SELECT MAX(n.number) FROM crl n"
					" WHERE n.generation_id = c.generation_id)",
				i + 1),
			    2);
			ck_assert_int_eq(look(), JOB_NOT_DUE);
		}
		/* RFC 5280, 5.2.3: no two CRLs of a CA have one number. */
		ck_assert_int_eq(
		    with_db_sql("SELECT COUNT(*) - COUNT(DISTINCT number) FROM crl"), 0);
	}
END_TEST

START_TEST(a_publication_that_came_to_nothing_is_done_again)
	{
		uint64_t number = 0;

		insert_certificates();
		with_db_settings.crl.publish_on_revocation = true;
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		with_db_sql("CREATE TRIGGER refuses BEFORE INSERT ON crl_part FOR EACH ROW"
			    " SIGNAL SQLSTATE '45000'");
		ck_assert_int_eq(look(), JOB_FAILED);
		with_db_sql("DROP TRIGGER refuses");
		/* The event has its number already, and no CRL told anybody. */
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_uint_eq(latest(CRL_FULL).entries, 1);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		with_db_ok(crls_highest_number(with_db, &generation_id, &number, &with_db_err));
		ck_assert_uint_eq(number, 3);
	}
END_TEST

START_TEST(delta_crls_are_due_by_time_and_after_a_revocation)
	{
		insert_certificates();
		with_db_settings.crl.delta_s = HOUR;
		ck_assert_int_eq(look(), JOB_DONE); /* both: the one names the other */
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		ck_assert_int_eq(rows("base_number IS NULL"), 1);
		ck_assert_int_eq(rows("base_number = 1"), 1);
		ck_assert(change(0, REVOCATION_REVOKE, 1));
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		pass(HOUR);
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_uint_eq(latest(CRL_DELTA).entries, 1);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		with_db_settings.crl.publish_on_revocation = true;
		ck_assert(change(1, REVOCATION_REVOKE, 1));
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_uint_eq(latest(CRL_DELTA).entries, 2);
		ck_assert_int_eq(rows("base_number IS NULL"), 1);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		pass(HOUR);
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(rows("base_number IS NULL"), 2);
		/* What is there of either kind: the two newest. */
		ck_assert_int_eq(rows("base_number IS NOT NULL"), 2);
		/* By name both, though neither is due. */
		job.is_forced = true;
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_uint_eq(latest(CRL_DELTA).number, latest(CRL_FULL).number + 1);
	}
END_TEST

/* A claim of an hour ago: the CRL that was just made is not one of the future. */
START_TEST(a_long_run_publishes_each_crl_once)
	{
		job.now = with_db_sql("SELECT UNIX_TIMESTAMP()") - HOUR;
		with_db_ok(publish_job.run(&job, &with_db_err));
		ck_assert_int_eq(rows("TRUE"), 1);
		with_db_ok(publish_job.run(&job, &with_db_err));
		ck_assert_int_eq(rows("TRUE"), 1);
	}
END_TEST

START_TEST(without_storage_nothing_is_published)
	{
		with_db_settings.crl.source = none;
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		job.is_forced = true;
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(rows("TRUE"), 0);
	}
END_TEST

START_TEST(what_is_old_is_deleted)
	{
		job.is_forced = true;
		make_long(100);
		for (int i = 0; i < 5; i++)
			ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(rows("number IN (4, 5)"), 2);
		ck_assert_int_eq(rows("TRUE"), 2);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM crl_part"), 2);
		assert_consistent();
		/* Parts without a row: those of a moment ago may be somebody's at work. */
		with_db_sql("INSERT INTO crl_part SELECT REPEAT('n', 16), seq, UTC_TIMESTAMP(), 'x'"
			    " FROM seq_0_to_1");
		with_db_sql("INSERT INTO crl_part SELECT REPEAT('o', 16), seq, UTC_TIMESTAMP()"
			    " - INTERVAL 61 MINUTE, 'x' FROM seq_0_to_39");
		ck_assert_int_eq(look(), JOB_DONE);
		ck_assert_int_eq(with_db_sql("SELECT COUNT(*) FROM crl_part WHERE data = 'x'"), 2);
		assert_consistent();
	}
END_TEST

START_TEST(a_key_that_is_missing_stops_its_own_crl_alone)
	{
		const struct authority_plan plan = plan_of("ailing", "ed25519");

		with_db_ok(authority_create(&context, &plan, fresh(), &with_db_err));
		end_in_2099();
		with_db_sql("UPDATE managed_key SET uri = 'file:/nowhere/key' WHERE id ="
			    " (SELECT key_id FROM authority_generation WHERE label = 'ailing-1')");
		ck_assert_int_eq(look(), JOB_FAILED);
		ck_assert_msg(strstr(with_db_err.text, "ailing-1") != NULL, "%s", with_db_err.text);
		ck_assert_uint_eq(latest(CRL_FULL).number, 1);
		ck_assert_int_eq(rows("TRUE"), 1);
		/* Without a key no number is used up, however often it is tried. */
		ck_assert_int_eq(with_db_sql("SELECT crl_number FROM authority_generation"
					     " WHERE label = 'ailing-1'"),
		    0);
	}
END_TEST

/* Anybody may ask for the CRL of one whose key is elsewhere. */
START_TEST(what_failed_is_not_tried_all_the_time_for_whoever_reads)
	{
		with_db_settings.maintain.interval_s = 60;
		with_db_sql("UPDATE managed_key SET uri = 'file:/nowhere/key'");
		job.wishes = JOB_WISH_READER;
		ck_assert_int_eq(look(), JOB_FAILED);
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		/* The near misses: a revocation, the regular look, and somebody who comes later. */
		job.wishes = JOB_WISH_READER | JOB_WISH_PUBLISH;
		ck_assert_int_eq(look(), JOB_FAILED);
		job.wishes = 0;
		ck_assert_int_eq(look(), JOB_FAILED);
		job.wishes = JOB_WISH_READER;
		with_db_sql("UPDATE job SET ended_at = ended_at - INTERVAL 50 SECOND");
		ck_assert_int_eq(look(), JOB_NOT_DUE);
		with_db_sql("UPDATE job SET ended_at = ended_at - INTERVAL 10 SECOND");
		ck_assert_int_eq(look(), JOB_FAILED);
	}
END_TEST

/* Which generations sign; times are from now. */
static const struct {
	const char *state;
	int ends_in;
	bool signs;
} SIGNERS[] = {
	{ "active", 600, true },
	{ "retired", 600, true },
	{ "retired", -600, false },
	{ "pending", 600, false },
	{ "expired", 600, false },
	{ "active", -600, false },
};

START_TEST(a_generation_signs_while_its_leaves_may_live)
	{
		with_db_sql("UPDATE authority_generation SET state = '%s',"
			    " not_after = UTC_TIMESTAMP() + INTERVAL %d SECOND",
		    SIGNERS[_i].state, SIGNERS[_i].ends_in);
		ck_assert_int_eq(look(), SIGNERS[_i].signs ? JOB_DONE : JOB_NOT_DUE);
		ck_assert_int_eq(rows("TRUE"), SIGNERS[_i].signs);
	}
END_TEST

static TCase *
content_case(void)
{
	TCase *tc = tcase_create("content");

	tcase_add_test(tc, a_first_crl_is_empty_and_signed);
	tcase_add_test(tc, a_certificate_leaves_one_period_after_its_end);
	tcase_add_test(tc, a_certificate_is_on_a_crl_that_was_made_after_its_end);
	tcase_add_test(tc, no_revocation_is_dated_after_its_crl);
	tcase_add_test(tc, a_delta_crl_makes_of_its_base_what_the_next_crl_says);
	tcase_add_test(tc, a_serial_that_only_a_crl_knew_is_in_the_delta_to_an_older_base);
	tcase_add_test(tc, an_event_between_number_and_list_is_in_the_delta_too);
	tcase_add_test(tc, what_a_worker_of_an_older_version_revoked_is_listed);
	tcase_add_test(tc, the_time_of_a_revocation_is_the_databases);
	tcase_add_test(tc, a_delta_crl_has_a_base_and_an_end);
	tcase_add_loop_test(tc, addresses_are_in_crls_as_set, 0, (int)COUNT(POINTS));
	tcase_add_test(tc, a_long_crl_comes_in_parts);
	return tc;
}

static TCase *
numbers_case(void)
{
	TCase *tc = tcase_create("numbers");

	tcase_add_test(tc, numbers_grow_whoever_publishes_at_once);
	tcase_add_test(tc, a_publisher_may_be_killed_at_any_time);
	tcase_add_test(tc, whoever_has_lost_the_lease_publishes_nothing);
	tcase_add_test(tc, a_number_is_given_once_and_in_order);
	tcase_add_test(tc, any_number_of_events_get_their_number);
	tcase_add_test(tc, no_event_gets_a_number_below_one_that_was_given);
	return tc;
}

static TCase *
job_case(void)
{
	TCase *tc = tcase_create("job");

	tcase_add_test(tc, a_crl_is_due_when_half_of_its_time_is_over);
	tcase_add_test(tc, a_crl_is_due_before_it_ends_however_little_they_overlap);
	tcase_add_test(tc, a_delta_crl_that_was_cut_is_followed_before_it_ends);
	tcase_add_test(tc, a_revocation_makes_a_crl_due_where_that_is_set);
	tcase_add_test(tc, generations_with_one_name_and_key_have_one_list);
	tcase_add_test(tc, what_one_of_them_revokes_makes_the_other_s_crl_due_too);
	tcase_add_test(tc, a_publication_that_came_to_nothing_is_done_again);
	tcase_add_test(tc, delta_crls_are_due_by_time_and_after_a_revocation);
	tcase_add_test(tc, a_long_run_publishes_each_crl_once);
	tcase_add_test(tc, without_storage_nothing_is_published);
	tcase_add_test(tc, what_is_old_is_deleted);
	tcase_add_test(tc, a_key_that_is_missing_stops_its_own_crl_alone);
	tcase_add_test(tc, what_failed_is_not_tried_all_the_time_for_whoever_reads);
	tcase_add_loop_test(
	    tc, a_generation_signs_while_its_leaves_may_live, 0, (int)COUNT(SIGNERS));
	return tc;
}

int
main(int argc, char **argv)
{
	Suite *suite = suite_create("publish");
	TCase *cases[] = { content_case(), numbers_case(), job_case() };

	struct error err = { .code = ERR_NONE };

	(void)argc;
	with_db_ensure(argv);
	(void)log_open("stderr", "error", &err);
	for (size_t i = 0; i < COUNT(cases); i++) {
		tcase_add_checked_fixture(cases[i], publish_setup, teardown);
		tcase_set_timeout(cases[i], 120);
		suite_add_tcase(suite, cases[i]);
	}
	return with_db_run(suite);
}
