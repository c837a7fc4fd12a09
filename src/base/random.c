/* Random bytes from the kernel: safe over fork, nothing of ours to seed. */
#include "base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void
random_bytes(void *out, size_t len)
{
	uint8_t *at = out;

	while (len > 0) {
		ssize_t got = getrandom(at, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		/* Going on with predictable serials would be worse than ending. */
		if (got < 0)
			abort();
		at += got;
		len -= (size_t)got;
	}
}
