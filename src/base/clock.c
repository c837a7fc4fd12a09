/* The one place that asks for the time, so that tests can fix it. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t fixed_seconds = -1;

static int64_t
read_clock_ms(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_now_ms(void)
{
	return fixed_seconds >= 0 ? fixed_seconds * 1000 : read_clock_ms(CLOCK_REALTIME);
}

int64_t
clock_now(void)
{
	return clock_now_ms() / 1000;
}

int64_t
clock_monotonic_ms(void)
{
	return read_clock_ms(CLOCK_MONOTONIC);
}

int64_t
clock_monotonic_us(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void
clock_fix(int64_t seconds)
{
	fixed_seconds = seconds;
}

void
clock_text(int64_t seconds, char out[static CLOCK_TEXT_MAX])
{
	struct tm tm = { 0 };
	time_t when = (time_t)seconds;

	(void)gmtime_r(&when, &tm);
	(void)strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void
clock_text_ms(int64_t milliseconds, char out[static CLOCK_TEXT_MAX])
{
	struct tm tm = { 0 };
	time_t when = (time_t)(milliseconds / 1000);
	size_t len;

	(void)gmtime_r(&when, &tm);
	len = strftime(out, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out + len, CLOCK_TEXT_MAX - len, ".%03dZ", (int)(milliseconds % 1000));
}
