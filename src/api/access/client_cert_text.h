#ifndef API_ACCESS_CLIENT_CERT_TEXT_H
#define API_ACCESS_CLIENT_CERT_TEXT_H

#include "base/buf.h"
#include "base/error.h"

enum { CLIENT_CERT_TEXT_MAX = 65536 };

/*
 * Finds the one certificate in a value of SSL_CLIENT_CERT and appends its DER: PEM with or without
 * a final newline (Apache, lighttpd), with CRLF, with a tab or space at the start of each line
 * (nginx, $ssl_client_cert), or all of it percent-encoded (nginx, $ssl_client_escaped_cert).
 * ERR_CLIENT_CERT for anything else: empty, longer than CLIENT_CERT_TEXT_MAX, another label, a
 * second certificate, or any text around it.
 */
int client_cert_text_decode(const char *text, struct buf *der, struct error *err);

#endif
