/* The generations of an authority: their rows, their own certificates, and cross-certificates. */
#include "enroll/authorities/authority_generation.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"

enum { CA_SERIAL_OCTET = 0x10, CSR_MAX = 16384, SUBJECT_TEXT_MAX = 1024, MINUTE_SECONDS = 60 };

void
authority_base_release(struct authority_base *base)
{
	generation_release(&base->generation);
	cert_freep(&base->cert);
	base->cert = NULL;
}

int
authority_find(struct db *db, const char *name, struct authority *out, struct error *err)
{
	if (authorities_find(db, name, out, err) == 0)
		return 0;
	return error_replace(err, ERR_NOT_FOUND, ERR_NOT_FOUND,
	    "there is no CA \"%.32s\"; certwright ca list shows all", name);
}

/* What one pass over the generations gathers. */
struct survey {
	unsigned highest;
	char newest[sizeof(((struct generation *)0)->label)];
	char active[sizeof(((struct generation *)0)->label)];
};

static int
survey_one(const struct generation *generation, void *arg, struct error *err)
{
	struct survey *survey = arg;

	(void)err;
	if (generation->number > survey->highest)
		survey->highest = generation->number;
	if (generation->certificate.len > 0)
		(void)snprintf(survey->newest, sizeof(survey->newest), "%s", generation->label);
	if (generation->state == GENERATION_ACTIVE)
		(void)snprintf(survey->active, sizeof(survey->active), "%s", generation->label);
	return 0;
}

int
authority_base_load(struct db *db, const char *name, struct authority_base *out, struct error *err)
{
	cleanup(authority_base_release) struct authority_base base = { .cert = NULL };
	struct survey survey = { 0 };

	if (authority_find(db, name, &base.authority, err) < 0 ||
	    generations_each(db, &base.authority.id, survey_one, &survey, err) < 0)
		return -1;
	base.is_active = survey.active[0] != '\0';
	base.next_number = survey.highest + 1;
	if (survey.newest[0] == '\0')
		return error_set(err, ERR_NOT_FOUND,
		    "CA %s has no certificate yet; install it with certwright ca import", name);
	if (generations_find(
		db, base.is_active ? survey.active : survey.newest, &base.generation, err) < 0 ||
	    cert_parse(buf_bytes(&base.generation.certificate), &base.cert, err) < 0)
		return -1;
	*out = base;
	base = (struct authority_base){ .cert = NULL };
	return 0;
}

void
authority_generation_begin(
    struct generation *generation, const struct authority *authority, unsigned number, int64_t now)
{
	*generation = (struct generation){
		.id = uuid_new(),
		.authority_id = authority->id,
		.number = number,
		.state = GENERATION_PENDING,
		.csr = BUF_INIT(CSR_MAX),
		.certificate = BUF_INIT(CA_CERTIFICATE_MAX),
		.chain = BUF_INIT(CA_CHAIN_MAX),
		.created_at = now,
	};
	(void)snprintf(
	    generation->label, sizeof(generation->label), "%s-%u", authority->name, number);
}

static int
set_subject(struct generation *generation, struct bytes subject, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(SUBJECT_TEXT_MAX);
	struct name name;

	if (name_read(subject, &name, err) < 0)
		return -1;
	name_text(&name, &text);
	if (buf_failed(&text) || name.count == 0)
		return error_set(err, ERR_NAME, "the CA's subject is empty or longer than %d bytes",
		    SUBJECT_TEXT_MAX);
	memcpy(generation->subject, buf_text(&text), text.len + 1);
	return 0;
}

int
authority_generation_certify(
    struct generation *generation, const struct cert *cert, struct error *err)
{
	if (set_subject(generation, cert->subject, err) < 0)
		return -1;
	generation->certificate.max = CA_CERTIFICATE_MAX;
	buf_reset(&generation->certificate);
	buf_add(&generation->certificate, buf_bytes(&cert->der));
	if (buf_failed(&generation->certificate))
		return error_set(err, ERR_TOO_LARGE, "the certificate is larger than %d bytes",
		    CA_CERTIFICATE_MAX);
	generation->not_before = cert->not_before;
	generation->not_after = cert->not_after;
	return sha256(buf_bytes(&cert->der), generation->fingerprint, err);
}

int
authority_generation_request(
    struct generation *generation, struct bytes subject, struct key *key, struct error *err)
{
	if (set_subject(generation, subject, err) < 0)
		return -1;
	return csr_make_ca(subject, key, &generation->csr, err);
}

int64_t
authority_not_before(const struct authority_context *context)
{
	return context->now -
	       (int64_t)context->settings->validity_clock_skew_minutes * MINUTE_SECONDS;
}

void
authority_describe(
    const struct generation *generation, const struct managed_key *key, char *out, size_t size)
{
	char ends[CLOCK_TEXT_MAX] = "with an outer CA's answer";

	if (generation->not_after != 0)
		clock_text(generation->not_after, ends);
	(void)snprintf(out, size, "generation %s, key %s %u bits in %s, ends %s", generation->label,
	    key->algorithm, key->bits, key->uri, ends);
}

void
authority_serial(uint8_t serial[static CERT_SERIAL_SIZE])
{
	random_bytes(serial, CERT_SERIAL_SIZE);
	serial[0] = CA_SERIAL_OCTET;
}

/* RFC 5280, 4.2.1.3: what signs or decrypts anything else than certificates has to say so. */
static unsigned
key_usage(const struct authority_shape *shape, const struct key *key)
{
	unsigned usage = KU_KEY_CERT_SIGN | KU_CRL_SIGN;

	if (shape->is_for_scep)
		usage |= KU_DIGITAL_SIGNATURE;
	if (shape->is_for_scep && key_facts(key).type == KEY_RSA)
		usage |= KU_KEY_ENCIPHERMENT;
	return usage;
}

int
authority_generation_sign(struct generation *generation, struct key *key,
    const struct authority_shape *shape, struct error *err)
{
	cleanup(buf_release) struct buf der = BUF_INIT(CA_CERTIFICATE_MAX);
	cleanup(cert_freep) struct cert *cert = NULL;
	struct cert_template template = {
		.issuer = shape->subject,
		.subject = shape->subject,
		.not_before = shape->not_before,
		.not_after = shape->not_after,
		.spki = key_public(key),
		.subject_key_id = shape->subject_key_id,
		.is_ca = true,
		.path_len = shape->path_len,
		.key_usage = key_usage(shape, key),
	};

	authority_serial(template.serial);
	if (cert_sign(&template, key, &der, err) < 0 || cert_parse(buf_bytes(&der), &cert, err) < 0)
		return -1;
	return authority_generation_certify(generation, cert, err);
}
