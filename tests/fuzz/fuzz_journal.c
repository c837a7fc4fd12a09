/* enroll/journal/journal_record: lines of the issuance journal; what is taken fits its columns. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "enroll/journal/journal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
check_certificate(const struct certificate_record *row)
{
	check(row->fingerprint.len == 32 && row->spki_hash.len == 32 && row->csr_hash.len == 32);
	check(row->serial.len > 0 && row->serial.len <= 20 && row->der.len <= UINT16_MAX);
	check(strlen(row->sans) <= UINT16_MAX && utf8_count(bytes_text(row->subject)) <= 4096);
	check(strlen(row->type) <= 32 && strlen(row->source) <= 16 && strlen(row->dropped) <= 1024);
	check(row->issued_at >= 0 && row->not_before >= 0 && row->key_bits <= UINT16_MAX);
}

static void
check_event(const struct journal_record_event *event)
{
	check(event->serial.len > 0 && event->serial.len <= 20);
	check(event->row.reason >= 0 && event->row.reason <= 10 && event->row.at >= 0);
	check(utf8_count(bytes_text(event->row.actor)) <= 128);
	check(event->row.comment == NULL || utf8_count(bytes_text(event->row.comment)) <= 1024);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = { .code = ERR_NONE };
	struct journal_record record;

	if (journal_record_parse(bytes_of(data, size), &record, &err) < 0)
		check(err.code == ERR_BAD_REQUEST);
	else if (record.kind == JOURNAL_ISSUED)
		check_certificate(&record.certificate);
	else
		check_event(&record.event);
	journal_record_release(&record);
	return 0;
}
