#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

enum { CLOCK_TEXT_MAX = 32 };

/* Seconds and milliseconds since 1970 UTC. */
int64_t clock_now(void);
int64_t clock_now_ms(void);

/* Milliseconds and microseconds of a clock that never jumps; only differences mean anything. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* For tests: clock_now() answers `seconds` from now on; a negative value ends that. */
void clock_fix(int64_t seconds);

/* RFC 3339 in UTC, "2026-11-22T00:58:54Z". */
void clock_text(int64_t seconds, char out[static CLOCK_TEXT_MAX]);

/* The same with milliseconds, "2026-11-22T00:58:54.123Z". */
void clock_text_ms(int64_t milliseconds, char out[static CLOCK_TEXT_MAX]);

#endif
