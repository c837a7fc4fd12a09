/* Writes the files of one CRL, whole or not at all, and looks whether they must be. */
#define _GNU_SOURCE
#include "enroll/status/crl_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/fd.h"
#include "crypto/cert.h"
#include "crypto/crl.h"
#include "crypto/crl_peek.h"
#include "crypto/key.h"
#include "store/authorities.h"

enum {
	PEM_LINE = 48, /* octets of a line of 64 characters */
	PEM_CHUNK_MAX = 2 * CRL_PART_MAX,
	FILE_MODE = 0644
};

static const char pem_head[] = "-----BEGIN X509 CRL-----\n";
static const char pem_tail[] = "-----END X509 CRL-----\n";
static const char temporary_tail[] = ".new";

enum form { FORM_DER, FORM_PEM };

struct file_name {
	char text[CRL_FILE_NAME_MAX];
};

/* LABEL.crl and so on; of the temporary file with a dot in front, which no web server shows. */
static struct file_name
name_of(const struct published_crl *crl, enum form form, bool is_temporary)
{
	struct file_name name;

	(void)snprintf(name.text, sizeof(name.text), "%s%s%s.crl%s%s", is_temporary ? "." : "",
	    crl->label, crl->row.has_base ? "-delta" : "", form == FORM_PEM ? ".pem" : "",
	    is_temporary ? temporary_tail : "");
	return name;
}

bool
crl_file_is_temporary(const char *name)
{
	size_t len = strlen(name), tail = sizeof(temporary_tail) - 1;

	return name[0] == '.' && len > tail && strcmp(name + len - tail, temporary_tail) == 0 &&
	       strstr(name, ".crl") != NULL;
}

static int
fault(const struct crl_folder *folder, const struct file_name *name, struct error *err)
{
	return error_set(err, ERR_INTERNAL, "%s/%s: %s", folder->path, name->text, strerror(errno));
}

static void
unmap(struct bytes *map)
{
	if (map->len > 0)
		(void)munmap((void *)(uintptr_t)map->ptr, map->len);
}

/* Octets of a regular file; *map stays empty for what is none, is empty, or is too large. */
static void
map_file(int fd, struct bytes *map)
{
	struct stat st;
	void *at;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > CRL_MAX)
		return;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at != MAP_FAILED)
		*map = bytes_of(at, (size_t)st.st_size);
}

static uint64_t
pem_size(uint64_t der_size)
{
	uint64_t lines = (der_size + PEM_LINE - 1) / PEM_LINE;

	return (der_size + 2) / 3 * 4 + lines + sizeof(pem_head) + sizeof(pem_tail) - 2;
}

/* A symbolic link is none, wherever it leads. */
static bool
is_file_of(const struct crl_folder *folder, const struct file_name *name, uint64_t size)
{
	struct stat st;

	return fstatat(folder->fd, name->text, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

static int
open_existing(const struct crl_folder *folder, const struct file_name *name)
{
	return openat(folder->fd, name->text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* What the row's octets are; crl_read is for what came from elsewhere. */
static int
check_written(int fd, const struct crl_row *row, struct error *err)
{
	cleanup(unmap) struct bytes der = bytes_of(NULL, 0);
	struct error reason = { .code = ERR_NONE };
	uint8_t hash[SHA256_SIZE];
	uint64_t number = 0;

	map_file(fd, &der);
	if (der.len != row->size)
		return error_set(err, ERR_INTERNAL, "CRL %" PRIu64 " has %zu octets, not %" PRIu32,
		    row->number, der.len, row->size);
	if (sha256(der, hash, err) < 0)
		return -1;
	if (memcmp(hash, row->sha256, sizeof(hash)) != 0 ||
	    crl_peek_number(der, &number, &reason) < 0 || number != row->number)
		return error_set(err, ERR_INTERNAL,
		    "the octets of CRL %" PRIu64 " are not those that were published", row->number);
	return 0;
}

/* Both files in the making. */
struct writer {
	const struct crl_folder *folder;
	int der;
	int pem;
	uint64_t written;       /* of the DER */
	uint8_t rest[PEM_LINE]; /* what makes no whole line yet */
	size_t rest_len;
	struct buf text; /* lines of a part */
};

static int
write_all(int fd, struct bytes octets, struct error *err)
{
	return fd_write_all(fd, octets) < 0
		   ? error_set(err, ERR_INTERNAL, "write: %s", strerror(errno))
		   : 0;
}

static void
add_line(struct writer *w)
{
	base64_encode(bytes_of(w->rest, w->rest_len), &w->text);
	buf_add_byte(&w->text, '\n');
	w->rest_len = 0;
}

static int
flush_text(struct writer *w, struct error *err)
{
	if (buf_failed(&w->text))
		return error_set(err, ERR_INTERNAL, "out of memory");
	if (write_all(w->pem, buf_bytes(&w->text), err) < 0)
		return -1;
	buf_reset(&w->text);
	return 0;
}

static int
write_part(struct bytes part, void *arg, struct error *err)
{
	struct writer *w = arg;

	w->written += part.len;
	if (w->written > CRL_MAX)
		return error_set(
		    err, ERR_INTERNAL, "the CRL's parts are more than %d octets", CRL_MAX);
	if (write_all(w->der, part, err) < 0)
		return -1;
	while (part.len > 0) {
		size_t room = PEM_LINE - w->rest_len;
		size_t len = part.len < room ? part.len : room;

		memcpy(w->rest + w->rest_len, part.ptr, len);
		w->rest_len += len;
		part = bytes_of(part.ptr + len, part.len - len);
		if (w->rest_len == PEM_LINE)
			add_line(w);
	}
	return flush_text(w, err);
}

static int
write_octets(struct db *db, struct writer *w, const struct crl_row *row, struct error *err)
{
	const struct crl_part_visit visit = { .each = write_part, .arg = w };

	buf_add_text(&w->text, pem_head);
	if (crls_each_part(db, row, &visit, err) < 0)
		return -1;
	if (w->rest_len > 0)
		add_line(w);
	buf_add_text(&w->text, pem_tail);
	return flush_text(w, err);
}

/* Made anew, so that owner and mode are ours. */
static int
open_temporary(
    const struct crl_folder *folder, const struct file_name *name, int *fd, struct error *err)
{
	if (unlinkat(folder->fd, name->text, 0) < 0 && errno != ENOENT)
		return fault(folder, name, err);
	*fd = openat(
	    folder->fd, name->text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	return *fd < 0 ? fault(folder, name, err) : 0;
}

/* The time of the file is the CRL's, so that the answers of all hosts say the same. */
static int
seal(int fd, int64_t this_update, struct error *err)
{
	const struct timespec times[2] = { { .tv_sec = this_update }, { .tv_sec = this_update } };

	if (fchmod(fd, FILE_MODE) < 0 || futimens(fd, times) < 0 || fsync(fd) < 0)
		return error_set(err, ERR_INTERNAL, "%s", strerror(errno));
	return 0;
}

static int
put_in_place(const struct crl_folder *folder, const struct published_crl *crl, enum form form,
    struct error *err)
{
	struct file_name from = name_of(crl, form, true), to = name_of(crl, form, false);

	if (renameat(folder->fd, from.text, folder->fd, to.text) < 0)
		return fault(folder, &to, err);
	return 0;
}

static void
writer_release(struct writer *w)
{
	fd_close(&w->der);
	fd_close(&w->pem);
	buf_release(&w->text);
}

static int
write_temporaries(
    struct db *db, struct writer *w, const struct published_crl *crl, struct error *err)
{
	struct file_name der = name_of(crl, FORM_DER, true), pem = name_of(crl, FORM_PEM, true);

	if (open_temporary(w->folder, &der, &w->der, err) < 0 ||
	    open_temporary(w->folder, &pem, &w->pem, err) < 0 ||
	    write_octets(db, w, &crl->row, err) < 0 || check_written(w->der, &crl->row, err) < 0 ||
	    seal(w->der, crl->row.this_update, err) < 0 ||
	    seal(w->pem, crl->row.this_update, err) < 0)
		return -1;
	return 0;
}

static void
remove_temporaries(const struct crl_folder *folder, const struct published_crl *crl)
{
	struct file_name der = name_of(crl, FORM_DER, true), pem = name_of(crl, FORM_PEM, true);

	(void)unlinkat(folder->fd, der.text, 0);
	(void)unlinkat(folder->fd, pem.text, 0);
}

int
crl_file_write(struct db *db, const struct crl_folder *folder, const struct published_crl *crl,
    struct error *err)
{
	cleanup(writer_release) struct writer w = {
		.folder = folder,
		.der = -1,
		.pem = -1,
		.text = BUF_INIT(PEM_CHUNK_MAX),
	};

	if (write_temporaries(db, &w, crl, err) < 0 ||
	    put_in_place(folder, crl, FORM_PEM, err) < 0 ||
	    put_in_place(folder, crl, FORM_DER, err) < 0) {
		remove_temporaries(folder, crl);
		return -1;
	}
	/* the names must survive a power failure too */
	if (fsync(folder->fd) < 0)
		return error_set(err, ERR_INTERNAL, "%s: %s", folder->path, strerror(errno));
	return 0;
}

/* Whether the generation signed it; what cannot be read as a CRL nobody did. */
static int
find_out_signer(struct db *db, const struct published_crl *crl, struct bytes der, bool *is_ours,
    struct error *err)
{
	cleanup(generation_release) struct generation generation = { 0 };
	cleanup(cert_freep) struct cert *cert = NULL;
	struct error reason = { .code = ERR_NONE };
	struct crl_facts facts;

	if (generations_find_id(db, &crl->row.generation_id, &generation, err) < 0 ||
	    cert_parse(buf_bytes(&generation.certificate), &cert, err) < 0)
		return -1;
	*is_ours =
	    crl_read(der, &facts, &reason) == 0 &&
	    key_verify(cert->spki, facts.algorithm, facts.tbs, facts.signature, &reason) == 0;
	return 0;
}

/* By what is read quickly, for this is asked every minute. */
static bool
is_current(const struct crl_folder *folder, const struct published_crl *crl, struct bytes der)
{
	struct file_name pem = name_of(crl, FORM_PEM, false);
	struct error reason = { .code = ERR_NONE };
	int64_t this_update, next_update;

	return der.len == crl->row.size &&
	       crl_peek_times(der, &this_update, &next_update, &reason) == 0 &&
	       this_update == crl->row.this_update && is_file_of(folder, &pem, pem_size(der.len));
}

int
crl_file_look(struct db *db, const struct crl_folder *folder, const struct published_crl *crl,
    struct crl_file_state *out, struct error *err)
{
	struct file_name name = name_of(crl, FORM_DER, false);
	cleanup(fd_close) int fd = open_existing(folder, &name);
	cleanup(unmap) struct bytes der = bytes_of(NULL, 0);
	struct error reason = { .code = ERR_NONE };

	*out = (struct crl_file_state){ .is_stale = true };
	map_file(fd, &der);
	if (der.len == 0 || crl_peek_number(der, &out->number, &reason) < 0)
		return 0;
	if (out->number > crl->row.number && find_out_signer(db, crl, der, &out->is_newer, err) < 0)
		return -1;
	out->is_stale =
	    !out->is_newer && (out->number != crl->row.number || !is_current(folder, crl, der));
	return 0;
}
