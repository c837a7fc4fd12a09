#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills out with len bytes of the kernel's random generator; ends the process if it has none. */
void random_bytes(void *out, size_t len);

#endif
