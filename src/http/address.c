/* Network addresses of clients and proxies, compared as numbers and never as text. */
#define _GNU_SOURCE
#include "http/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IP_SIZE = 16, V4_OFFSET = 12, TOKEN_MAX = 64 };

/* IPv4 addresses are held in their mapped form (RFC 4291, 2.5.5.2), so that both kinds compare. */
struct ip {
	uint8_t octets[IP_SIZE];
	bool is_v4;
};

static const uint8_t v4_mapped[V4_OFFSET] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool
ip_parse(const char *text, struct ip *out)
{
	struct ip ip = { .is_v4 = false };

	if (inet_pton(AF_INET6, text, ip.octets) != 1) {
		memcpy(ip.octets, v4_mapped, sizeof(v4_mapped));
		if (inet_pton(AF_INET, text, ip.octets + V4_OFFSET) != 1)
			return false;
	}
	ip.is_v4 = memcmp(ip.octets, v4_mapped, sizeof(v4_mapped)) == 0;
	*out = ip;
	return true;
}

static bool
same_bits(const struct ip *a, const struct ip *b, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned mask = 0xff00U >> (bits % 8) & 0xffU;

	return memcmp(a->octets, b->octets, whole) == 0 &&
	       (mask == 0 || ((a->octets[whole] ^ b->octets[whole]) & mask) == 0);
}

/* The number behind the slash: up to three digits and nothing else. */
static bool
parse_bits(const char *text, unsigned max, unsigned *out)
{
	unsigned bits = 0;

	if (text[0] == '\0' || strlen(text) > 3 || text[strspn(text, "0123456789")] != '\0')
		return false;
	for (; *text != '\0'; text++)
		bits = bits * 10 + (unsigned)(*text - '0');
	if (bits > max)
		return false;
	*out = bits;
	return true;
}

/* A list item that cannot be read holds no address. */
static bool
item_holds(const char *item, const struct ip *ip)
{
	char text[TOKEN_MAX];
	unsigned bits = IP_SIZE * 8;
	struct ip net;
	char *slash;

	if (strlen(item) >= sizeof(text))
		return false;
	(void)snprintf(text, sizeof(text), "%s", item);
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	if (!ip_parse(text, &net))
		return false;
	if (slash != NULL) {
		bool v4_text = strchr(text, ':') == NULL;

		if (!parse_bits(slash + 1, v4_text ? 32 : IP_SIZE * 8, &bits))
			return false;
		bits += v4_text ? V4_OFFSET * 8 : 0;
	}
	return same_bits(&net, ip, bits);
}

static bool
ip_is_listed(const struct ip *ip, const struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (item_holds(list->items[i], ip))
			return true;
	return false;
}

bool
address_is_listed(const char *text, const struct text_list *list)
{
	struct ip ip;

	return ip_parse(text, &ip) && ip_is_listed(&ip, list);
}

/* Reads "ADDRESS", "V4:PORT" or "[V6]:PORT", with spaces around it; gateways write all three. */
static bool
token_parse(const char *start, size_t len, struct ip *out)
{
	char token[TOKEN_MAX];
	char *text = token, *end;

	while (len > 0 && (*start == ' ' || *start == '\t')) {
		start++;
		len--;
	}
	while (len > 0 && (start[len - 1] == ' ' || start[len - 1] == '\t'))
		len--;
	if (len == 0 || len >= sizeof(token))
		return false;
	memcpy(token, start, len);
	token[len] = '\0';
	if (*text == '[') {
		text++;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*end = '\0';
	} else if (strchr(text, '.') != NULL && (end = strchr(text, ':')) != NULL &&
		   end == strrchr(text, ':'))
		*end = '\0';
	return ip_parse(text, out);
}

static bool
ip_text(const struct ip *ip, char out[static REQUEST_ADDRESS_MAX])
{
	const uint8_t *octets = ip->octets + (ip->is_v4 ? V4_OFFSET : 0);

	return inet_ntop(ip->is_v4 ? AF_INET : AF_INET6, octets, out, REQUEST_ADDRESS_MAX) != NULL;
}

bool
address_forwarded(
    const char *forwarded, const struct text_list *trusted, char out[static REQUEST_ADDRESS_MAX])
{
	size_t end = strlen(forwarded);
	struct ip ip;

	for (;;) {
		size_t start = end;

		while (start > 0 && forwarded[start - 1] != ',')
			start--;
		if (!token_parse(forwarded + start, end - start, &ip))
			return false;
		if (start == 0 || !ip_is_listed(&ip, trusted))
			return ip_text(&ip, out);
		end = start - 1;
	}
}
