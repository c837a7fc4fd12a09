/* When the tenants' signing keys are fetched. */
#include "enroll/jobs/identity_keys_job.h"

#include "base/clock.h"
#include "base/random.h"
#include "remote/identity_keys.h"

enum {
	PERIOD_S = 3600,
	FIRST_INTERVAL_S = 60 /* many restarts must not mean many fetches */
};

/* About an hour, so that many hosts do not ask at the same moment. */
static int64_t
period_s(void)
{
	uint32_t noise;

	random_bytes(&noise, sizeof(noise));
	return PERIOD_S - noise % (PERIOD_S / 10);
}

static int
read_age(const struct settings *settings, int64_t *age, struct error *err)
{
	cleanup(identity_keys_freep) struct identity_keys *keys = identity_keys_new(settings);

	if (keys == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	*age = identity_keys_age(keys, clock_now());
	return 0;
}

/* The least time since the last attempt of whatever process. */
static int64_t
interval_s(const struct job_context *context)
{
	int64_t interval = context->settings->auth.unknown_kid_refresh_s;

	if (context->is_forced)
		return 0;
	return context->is_first && interval > FIRST_INTERVAL_S ? FIRST_INTERVAL_S : interval;
}

/* Keys of the future are as good as none: the clock was wrong then, or is now. */
static int
is_due(const struct job_context *context, bool *due, struct error *err)
{
	bool is_wanted = context->is_first || (context->wishes & JOB_WISH_IDENTITY_KEYS) != 0;
	int64_t age = -1;

	*due = false;
	if (context->settings->auth.tenant_ids.count == 0)
		return 0;
	if (!is_wanted && read_age(context->settings, &age, err) < 0)
		return -1;
	if (!is_wanted && age >= 0 && age < period_s())
		return 0;
	return identity_keys_is_due(context->settings, interval_s(context), due, err);
}

static int
run(const struct job_context *context, struct error *err)
{
	return identity_keys_refresh(context->settings, interval_s(context), NULL, err);
}

const struct job identity_keys_job = {
	.name = "identity-keys",
	.help = "fetch the signing keys of the configured tenants",
	.is_eager = true,
	.wishes = JOB_WISH_IDENTITY_KEYS,
	.is_due = is_due,
	.run = run,
};
