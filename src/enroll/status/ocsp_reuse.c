/* Signed OCSP answers that may be given again: direct mapped, compared whole. */
#include "enroll/status/ocsp_reuse.h"

#include <stdlib.h>
#include <string.h>

struct slot {
	uint8_t cert_id[OCSP_REUSE_CERT_ID_MAX];
	size_t cert_id_len; /* 0: an empty slot */
	enum ocsp_status status;
	int reason;
	int64_t revoked_at;
	uint64_t stamp;
	struct ocsp_reuse_times times;
	struct buf der;
};

struct ocsp_reuse {
	struct slot slots[OCSP_REUSE_SLOTS];
};

static void
destroy(struct ocsp_reuse *reuse)
{
	for (size_t i = 0; i < OCSP_REUSE_SLOTS; i++)
		buf_release(&reuse->slots[i].der);
	free(reuse);
}

void
ocsp_reuse_free(struct ocsp_reuse *reuse)
{
	if (reuse != NULL)
		destroy(reuse);
}

struct ocsp_reuse *
ocsp_reuse_new(void)
{
	struct ocsp_reuse *reuse = calloc(1, sizeof(*reuse));

	for (size_t i = 0; reuse != NULL && i < OCSP_REUSE_SLOTS; i++)
		reuse->slots[i].der.max = OCSP_REUSE_DER_MAX;
	return reuse;
}

/* FNV-1a. Who makes requests collide has answers signed anew, and achieves nothing else. */
static size_t
place_of(struct bytes cert_id)
{
	uint32_t hash = 2166136261;

	for (size_t i = 0; i < cert_id.len; i++)
		hash = (hash ^ cert_id.ptr[i]) * 16777619;
	return (hash ^ hash >> 16) % OCSP_REUSE_SLOTS;
}

static bool
is_same(const struct slot *slot, const struct ocsp_reuse_key *key)
{
	return slot->cert_id_len > 0 && slot->stamp == key->stamp && slot->status == key->status &&
	       slot->revoked_at == key->revoked_at && slot->reason == key->reason &&
	       bytes_equal(key->cert_id, bytes_of(slot->cert_id, slot->cert_id_len));
}

bool
ocsp_reuse_find(const struct ocsp_reuse *reuse, const struct ocsp_reuse_key *key,
    struct ocsp_reuse_limits limits, struct ocsp_reuse_times *times, struct buf *der)
{
	const struct slot *slot = &reuse->slots[place_of(key->cert_id)];
	int64_t age = limits.now - slot->times.this_update;
	int64_t validity = slot->times.next_update - slot->times.this_update;

	/* A clock that was set back makes an age negative: then nobody knows how old it is. */
	if (!is_same(slot, key) || age < 0 || age >= limits.max_age_s || age >= validity / 2)
		return false;
	*times = slot->times;
	buf_add(der, buf_bytes(&slot->der));
	return true;
}

void
ocsp_reuse_keep(struct ocsp_reuse *reuse, const struct ocsp_reuse_key *key,
    struct ocsp_reuse_times times, struct bytes der)
{
	struct slot *slot = &reuse->slots[place_of(key->cert_id)];

	if (key->cert_id.len > sizeof(slot->cert_id) || der.len > OCSP_REUSE_DER_MAX)
		return;
	buf_reset(&slot->der);
	buf_add(&slot->der, der);
	slot->cert_id_len = buf_failed(&slot->der) ? 0 : key->cert_id.len;
	memcpy(slot->cert_id, key->cert_id.ptr, key->cert_id.len);
	slot->status = key->status;
	slot->revoked_at = key->revoked_at;
	slot->reason = key->reason;
	slot->stamp = key->stamp;
	slot->times = times;
}
