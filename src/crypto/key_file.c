/* Secrets in files: the rules for reading them, and making new key files. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "crypto/key.h"
#include "crypto/key_internal.h"

int
key_file_check(int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, ERR_CA_KEY, "fstat: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CA_KEY, "must be a regular file");
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, ERR_CA_KEY, "must belong to user %u or root, belongs to %u",
		    geteuid(), st.st_uid);
	if ((st.st_mode & 077) != 0)
		return error_set(err, ERR_CA_KEY,
		    "mode %03o lets others use it, must be 600 or 400", st.st_mode & 0777U);
	return 0;
}

static int
read_all(int fd, struct buf *out, struct error *err)
{
	uint8_t chunk[4096];
	ssize_t got;

	do {
		got = read(fd, chunk, sizeof(chunk));
		if (got > 0)
			buf_add(out, bytes_of(chunk, (size_t)got));
	} while ((got > 0 && !buf_failed(out)) || (got < 0 && errno == EINTR));
	explicit_bzero(chunk, sizeof(chunk));
	if (got < 0)
		return error_set(err, ERR_CA_KEY, "read: %s", strerror(errno));
	if (buf_failed(out))
		return error_set(err, ERR_CA_KEY, "larger than %zu octets", out->max);
	return 0;
}

int
key_file_read(const char *path, struct buf *out, struct error *err)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno == ELOOP)
		return error_set(err, ERR_CA_KEY, "must not be a symbolic link");
	if (fd < 0)
		return error_set(err, ERR_CA_KEY, "open: %s", strerror(errno));
	if (key_file_check(fd, err) < 0)
		return -1;
	return read_all(fd, out, err);
}

int
key_file_secret(const char *path, struct buf *out, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(KEY_FILE_MAX);
	size_t len = 0;

	if (path == NULL)
		return 0;
	if (key_file_read(path, &text, err) < 0)
		return error_prefix(err, "passphrase file %s", path);
	while (len < text.len && strchr("\r\n", text.data[len]) == NULL)
		len++;
	/* strchr finds NUL as well: GnuTLS would cut the secret there. */
	if (len == 0 || len >= KEY_SECRET_MAX || (len < text.len && text.data[len] == '\0'))
		return error_set(err, ERR_CA_KEY,
		    "passphrase file %s: its first line must have 1 to %d octets, none of them NUL",
		    path, KEY_SECRET_MAX - 1);
	buf_add(out, bytes_of(text.data, len));
	return 0;
}

int
key_file_write(int fd, struct bytes data, struct error *err)
{
	size_t done = 0;

	while (done < data.len) {
		ssize_t put = write(fd, data.ptr + done, data.len - done);

		if (put < 0 && errno != EINTR)
			return error_set(err, ERR_CA_KEY, "write: %s", strerror(errno));
		done += put > 0 ? (size_t)put : 0;
	}
	if (fsync(fd) < 0)
		return error_set(err, ERR_CA_KEY, "fsync: %s", strerror(errno));
	return 0;
}

int
key_file_sync_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup(buf_release) struct buf folder = BUF_INIT(4096);
	cleanup(fd_close) int fd = -1;

	if (slash == NULL)
		buf_add_text(&folder, ".");
	else
		buf_add(&folder, bytes_of(path, (size_t)(slash - path) + 1));
	fd = open(buf_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return error_set(err, ERR_CA_KEY, "fsync of its folder: %s", strerror(errno));
	return 0;
}

static int
write_new(const char *path, const gnutls_datum_t *data, struct error *err)
{
	cleanup(fd_close) int fd =
	    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return error_set(err, ERR_CA_KEY, "open: %s", strerror(errno));
	if (key_file_write(fd, bytes_of(data->data, data->size), err) < 0 ||
	    key_file_sync_folder(path, err) < 0) {
		(void)unlink(path);
		return -1;
	}
	return 0;
}

/* A new key as PKCS#8 PEM, encrypted where there is a passphrase. */
static int
generate(struct key_facts facts, struct buf *secret, gnutls_datum_t *out, struct error *err)
{
	cleanup(gnutls_x509_privkey_deinitp) gnutls_x509_privkey_t key = NULL;
	gnutls_pk_algorithm_t algorithm = GNUTLS_PK_UNKNOWN;
	unsigned bits = 0;
	int rc = gnutls_x509_privkey_init(&key);

	key_gnutls_kind(facts, &algorithm, &bits);
	if (rc == 0)
		rc = gnutls_x509_privkey_generate(key, algorithm, bits, 0);
	if (rc == 0 && secret->len > 0)
		rc = gnutls_x509_privkey_export2_pkcs8(
		    key, GNUTLS_X509_FMT_PEM, buf_text(secret), GNUTLS_PKCS_PBES2_AES_256, out);
	else if (rc == 0)
		rc = gnutls_x509_privkey_export2_pkcs8(
		    key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, out);
	if (rc < 0)
		return error_set(err, ERR_CA_KEY, "generating: %s", gnutls_strerror(rc));
	return 0;
}

int
key_generate_file(
    const char *path, const char *passphrase_file, struct key_facts facts, struct error *err)
{
	cleanup(buf_release) struct buf secret = BUF_INIT(KEY_SECRET_MAX);
	cleanup(key_datum_release) gnutls_datum_t pem = { NULL, 0 };

	if (key_file_secret(passphrase_file, &secret, err) < 0)
		return -1;
	if (generate(facts, &secret, &pem, err) < 0 || write_new(path, &pem, err) < 0)
		return error_prefix(err, "key file:%s", path);
	return 0;
}
