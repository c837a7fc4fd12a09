/* GET /crl/NAME: the CRL files of this host, where the web server does not serve them itself. */
#define _GNU_SOURCE
#include "api/status/crl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/answer.h"
#include "api/context.h"
#include "api/status/crl_name.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/fd.h"
#include "crypto/crl.h"
#include "crypto/crl_peek.h"
#include "enroll/status/crl_files.h"
#include "enroll/jobs/job.h"
#include "http/pool_slot.h"
#include "store/published_crls.h"

enum {
	HEAD_SIZE = 4096, /* where the dates are */
	TAIL_SIZE = 128,  /* a part of the signature, which no two CRLs have in common */
	SHORT_AGE_S = 60,
	BIG_SIZE = 256 << 10, /* what a socket does not take at once */
	TAG_OCTETS = 16,
	TAG_MAX = 2 * TAG_OCTETS + 3
};

/* -1 where there is no such regular file; a symbolic link is none. */
static int
open_file(int folder, const char *name, struct stat *st)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_size > 0)
		return fd;
	fd_close(&fd);
	return -1;
}

/* The same on every host for the same CRL. "" where it cannot be made. */
static void
make_tag(int fd, const struct stat *st, char out[static TAG_MAX])
{
	uint8_t tail[TAIL_SIZE], hash[SHA256_SIZE];
	off_t at = st->st_size > TAIL_SIZE ? st->st_size - TAIL_SIZE : 0;
	ssize_t len = pread(fd, tail, sizeof(tail), at);
	cleanup(buf_release) struct buf hex = BUF_INIT(2 * TAG_OCTETS + 1);
	struct error err = { .code = ERR_NONE };

	out[0] = '\0';
	if (len <= 0 || sha256(bytes_of(tail, (size_t)len), hash, &err) < 0)
		return;
	hex_encode(bytes_of(hash, TAG_OCTETS), &hex);
	(void)snprintf(out, TAG_MAX, "\"%s\"", buf_text(&hex));
}

/* Until the next CRL is due; of PEM as the DER beside it says. */
static void
add_age(const struct settings *settings, struct response *response, int folder,
    const struct crl_name *name)
{
	struct crl_name der = *name;
	char file[CRL_NAME_MAX], text[64];
	uint8_t head[HEAD_SIZE];
	struct stat st;
	cleanup(fd_close) int fd = -1;
	struct error err = { .code = ERR_NONE };
	int64_t now = clock_now(), this_update = 0, next_update = 0, age;
	ssize_t len;

	der.is_pem = false;
	crl_name_file(&der, file);
	fd = open_file(folder, file, &st);
	len = fd >= 0 ? pread(fd, head, sizeof(head), 0) : -1;
	if (len <= 0 ||
	    crl_peek_times(bytes_of(head, (size_t)len), &this_update, &next_update, &err) < 0 ||
	    next_update <= now) {
		response_header(response, "Cache-Control", "no-cache");
		return;
	}
	/* Never longer than it is valid, however slow our clock is. */
	age = next_update - (now > this_update ? now : this_update);
	/* The next one may come at any time: as long as the samples' web servers say. */
	if (settings->crl.publish_on_revocation && age > SHORT_AGE_S)
		age = SHORT_AGE_S;
	(void)snprintf(text, sizeof(text), "public, max-age=%" PRId64, age);
	response_header(response, "Cache-Control", text);
	response_header_time(response, "Expires", now + age);
}

/* Readers that take their time with big files leave half of the workers to everybody else. */
static int
send_file(struct response *response, const struct crl_name *name, int *fd, const struct stat *st,
    struct error *err)
{
	if (st->st_size > BIG_SIZE && !response->is_head && !slot_claim_file())
		return error_set(err, ERR_NOT_READY, "too many CRLs are being sent at the moment");
	response_take_file(response,
	    name->is_pem ? "application/x-pem-file" : "application/pkix-crl", fd,
	    (uint64_t)st->st_size);
	return 0;
}

/* There is no file. Who may expect one is told to come again, and the job that writes it starts. */
static int
answer_none(struct app *app, const struct crl_name *name, struct error *err)
{
	bool is_signer = false;

	if (strcmp(app->settings->crl.source, "None") == 0)
		return error_set(err, ERR_SWITCHED_OFF, "no CRLs are published here");
	if (name->is_delta && app->settings->crl.delta_s == 0)
		return error_set(err, ERR_SWITCHED_OFF, "no delta CRLs are published here");
	if (published_crls_is_signer(app->db, name->label, &is_signer, err) < 0)
		return -1;
	if (!is_signer)
		return error_set(err, ERR_NOT_FOUND, "there is no such CRL");
	app->wishes |= JOB_WISH_READER;
	return error_set(err, ERR_NOT_READY, "this CRL has not been published yet");
}

static int
answer(struct app *app, struct request *request, const struct crl_name *name,
    struct response *response, struct error *err)
{
	char path[CRL_FILES_PATH_MAX], file[CRL_NAME_MAX], tag[TAG_MAX];
	cleanup(fd_close) int folder = -1;
	cleanup(fd_close) int fd = -1;
	struct stat st;

	if (crl_files_directory(app->settings, path, err) < 0)
		return -1;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	crl_name_file(name, file);
	if (folder >= 0)
		fd = open_file(folder, file, &st);
	if (fd < 0)
		return answer_none(app, name, err);
	add_age(app->settings, response, folder, name);
	response_header_time(response, "Last-Modified", st.st_mtim.tv_sec);
	make_tag(fd, &st, tag);
	if (tag[0] != '\0') {
		response_header(response, "ETag", tag);
		if (answer_not_modified(request, tag, response))
			return 0;
	}
	return send_file(response, name, &fd, &st, err);
}

/* In a time that tells nothing of how much of it is right. */
static bool
is_token(const struct app *app, const char *text)
{
	const char *token = app->settings->crl.request_token;
	size_t len = strlen(text), token_len = strlen(token);
	unsigned differences = len != token_len;

	for (size_t i = 0; i < len; i++)
		differences |= (unsigned char)text[i] ^
			       (unsigned char)(token_len > 0 ? token[i % token_len] : '\0');
	return token_len > 0 && differences == 0;
}

/* The CRL of the CA that issues now. */
static int
answer_active(struct app *app, struct request *request, bool is_pem, struct response *response,
    struct error *err)
{
	const struct profile_choice by_default = { .name = NULL };
	struct profile_use use = { .profile = NULL };
	struct crl_name name = { .is_pem = is_pem };

	if (profile_cache_get(app->profiles, &by_default, &use, err) < 0)
		return -1;
	memcpy(name.label, use.issuer->generation.label, sizeof(name.label));
	return answer(app, request, &name, response, err);
}

int
crl_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const char *text = params_get(params, "name");
	struct crl_name name;

	if (is_token(app, text))
		return answer_active(app, request, false, response, err);
	if (!crl_name_parse(text, &name))
		return error_set(err, ERR_NOT_FOUND, "there is no such CRL");
	return answer(app, request, &name, response, err);
}

int
crl_get_pem(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	if (!is_token(app, params_get(params, "token")))
		return error_set(err, ERR_NOT_FOUND, "there is no such CRL");
	return answer_active(app, request, true, response, err);
}
