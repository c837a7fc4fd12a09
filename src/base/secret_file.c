/* A secret that is the first line of a file: read only where nobody else can read the file. */
#define _GNU_SOURCE
#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

void
secret_file_wipe(struct secret_file *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

/* The same bar as for a private key: nobody but us and root may read or have written it. */
static int
check(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CONFIG, "%s: not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, ERR_CONFIG, "%s: belongs neither to us nor to root", path);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return error_set(
		    err, ERR_CONFIG, "%s: open to group or others (wanted: mode 0600)", path);
	return 0;
}

/* Ends the text at the first line's end; false when there is none within the buffer. */
static bool
cut(struct secret_file *secret, size_t len)
{
	size_t end;

	secret->text[len < sizeof(secret->text) ? len : sizeof(secret->text) - 1] = '\0';
	end = strcspn(secret->text, "\r\n");
	if (end == sizeof(secret->text) - 1)
		return false;
	/* A NUL in the line would end the secret early and unseen. */
	if (end < len && secret->text[end] == '\0')
		return false;
	secret->text[end] = '\0';
	return true;
}

int
secret_file_read(const char *path, struct secret_file *out, struct error *err)
{
	/* O_NONBLOCK: a FIFO must not hold us before its type is known. */
	cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;
	ssize_t got = 1;

	if (fd < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	if (check(fd, path, err) < 0)
		return -1;
	while (len < sizeof(out->text) && got > 0) {
		got = read(fd, out->text + len, sizeof(out->text) - len);
		if (got > 0)
			len += (size_t)got;
		else if (got < 0 && errno == EINTR)
			got = 1;
		else if (got < 0)
			return error_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	}
	if (!cut(out, len))
		return error_set(
		    err, ERR_CONFIG, "%s: the first line is too long or has a NUL", path);
	return 0;
}
