#ifndef API_ACCESS_CLIENT_CERT_H
#define API_ACCESS_CLIENT_CERT_H

#include "base/buf.h"
#include "http/request.h"

struct app;

enum { CLIENT_CERT_DER_MAX = 49152 };

/*
 * Whether the client of this TLS connection showed a certificate, good or bad: SSL_CLIENT_VERIFY is
 * there, and is not "NONE".
 */
bool client_cert_is_there(const struct request *request);

/*
 * Appends the DER of the certificate that the handshake of this very request proved, by the
 * request's own SSL_CLIENT_CERT and SSL_CLIENT_VERIFY; the latter must be "SUCCESS" or one of
 * `accepted` (NULL: none). Both count only where HTTPS itself is on and no trusted proxy stands
 * between. ERR_NO_CLIENT_CERT: there is none; ERR_CLIENT_CERT: the web server did not verify it, or
 * did not pass it on whole.
 */
int client_cert_read(const struct request *request, const struct text_list *accepted,
    struct buf *der, struct error *err);

/*
 * The same, and verifies it as enroll/issuing/client_certificate does. Fills app->client and
 * app->principal; of a certificate that is refused the principal has the fingerprint alone, for the
 * log. ERR_DATABASE besides.
 */
int client_cert_authenticate(struct app *app, const struct request *request,
    const struct text_list *accepted, struct error *err);

/*
 * For management routes: makes the holder of a certificate that [Admin] Certificates lists a
 * PRINCIPAL_ADMIN. Whoever shows another certificate or none stays PRINCIPAL_NONE. ERR_CLIENT_CERT
 * for one that is listed and does not verify; ERR_DATABASE.
 */
int client_cert_authenticate_admin(
    struct app *app, const struct request *request, struct error *err);

#endif
