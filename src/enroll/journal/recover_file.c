/* CRL files: mapped however large, read, and given to the CA generations that signed them. */
#define _GNU_SOURCE
#include "enroll/journal/recover_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "crypto/cert.h"

static const char PEM_LABEL[] = "X509 CRL";

void
recover_file_release(struct recover_file *file)
{
	if (file->map != NULL)
		(void)munmap(file->map, file->size);
	file->map = NULL;
	buf_release(&file->decoded);
}

static int
map(const char *path, struct recover_file *file, struct error *err)
{
	cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, ERR_CONFIG, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return error_set(err, ERR_CONFIG, "it is empty or no regular file");
	if (st.st_size > 2 * (off_t)CRL_MAX)
		return error_set(err, ERR_TOO_LARGE, "it is larger than %d octets", 2 * CRL_MAX);
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return error_set(err, ERR_CONFIG, "mmap: %s", strerror(errno));
	file->map = at;
	file->size = (size_t)st.st_size;
	return 0;
}

/* DER begins with the tag of a SEQUENCE, which is a zero in ASCII. */
static int
decode(struct recover_file *file, struct error *err)
{
	struct bytes all = bytes_of(file->map, file->size);
	size_t offset = 0;

	file->der = all;
	if (all.ptr[0] == 0x30)
		return 0;
	if (pem_decode(all, PEM_LABEL, &offset, &file->decoded, err) < 0)
		return -1;
	file->der = buf_bytes(&file->decoded);
	return 0;
}

int
recover_file_open(const char *path, struct recover_file *out, struct error *err)
{
	*out = (struct recover_file){ .path = path, .decoded = BUF_INIT(CRL_MAX) };
	if (map(path, out, err) < 0 || decode(out, err) < 0)
		return -1;
	return crl_read(out->der, &out->facts, err);
}

bool
recover_file_is_signed_by(
    const struct recover_file *file, const struct recover_generation *generation)
{
	const struct crl_facts *facts = &file->facts;
	const struct cert *cert = generation->cert;
	struct error ignored = { .code = ERR_NONE };

	return cert != NULL && bytes_equal(facts->issuer, cert->subject) &&
	       key_verify(cert->spki, facts->algorithm, facts->tbs, facts->signature, &ignored) ==
		   0;
}

static bool
is_named_after(const struct recover_file *file, const struct recover_generation *generation)
{
	const char *slash = strrchr(file->path, '/');
	const char *name = slash != NULL ? slash + 1 : file->path;
	size_t len = strlen(generation->label);

	return strncmp(name, generation->label, len) == 0 &&
	       (strcmp(name + len, ".crl") == 0 || strcmp(name + len, "-delta.crl") == 0);
}

static bool
is_twin(const struct recover_generation *a, const struct recover_generation *b)
{
	return a != b && a->cert != NULL && b->cert != NULL &&
	       bytes_equal(a->cert->subject, b->cert->subject) &&
	       bytes_equal(a->cert->spki, b->cert->spki);
}

bool
recover_file_is_about(const struct recover_file *file,
    const struct recover_generations *generations, const struct recover_generation *generation)
{
	if (is_named_after(file, generation))
		return true;
	for (size_t i = 0; i < generations->count; i++)
		if (is_twin(generation, &generations->items[i]) &&
		    is_named_after(file, &generations->items[i]))
			return false;
	return true;
}
