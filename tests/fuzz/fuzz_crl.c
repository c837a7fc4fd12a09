/* Fuzzes crl_read, crl_each and crl_peek, which must agree. */
#include "crypto/crl.h"
#include "crypto/crl_peek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
	size_t entries;
	size_t octets;
};

static int
add(const struct crl_entry *entry, void *arg, struct error *err)
{
	struct tally *tally = arg;

	(void)err;
	tally->entries++;
	for (size_t i = 0; i < entry->serial.len; i++)
		tally->octets += entry->serial.ptr[i];
	return 0;
}

/* What is no whole CRL may still have a number and dates; a CRL has those that crl_read tells. */
static void
peek(struct bytes der, const struct crl_facts *facts)
{
	struct error err = { .code = ERR_NONE };
	int64_t this_update = 0, next_update = 0;
	uint64_t number = 0;
	bool has_number = crl_peek_number(der, &number, &err) == 0;
	bool has_times = crl_peek_times(der, &this_update, &next_update, &err) == 0;

	if (facts != NULL &&
	    (!has_number || !has_times || number != facts->number ||
		this_update != facts->this_update || next_update != facts->next_update))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes der = bytes_of(data, size);
	struct error err = { .code = ERR_NONE };
	struct tally tally = { .entries = 0 };
	const struct crl_visit visit = { add, &tally };
	struct crl_facts facts;

	peek(der, NULL);
	if (crl_read(der, &facts, &err) < 0)
		return 0;
	peek(der, &facts);
	if (crl_each(der, &visit, &err) < 0 || tally.entries != facts.entries)
		__builtin_trap();
	return 0;
}
