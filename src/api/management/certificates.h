#ifndef API_MANAGEMENT_CERTIFICATES_H
#define API_MANAGEMENT_CERTIFICATES_H

#include "http/router.h"
#include "store/certificate_row.h"

/* POST /api/v1/certificates: a page of what the filters let pass. */
route_handler certificates_post_search;

/* GET /api/v1/certificates/search: what can be asked for. */
route_handler certificates_get_fields;

/* GET /api/v1/certificates/{uuid}, and below it /chain, /chain/{format}, /{format}, /history. */
route_handler certificates_get_one;
route_handler certificates_get_chain;
route_handler certificates_get_chain_file;
route_handler certificates_get_file;
route_handler certificates_get_history;

/* PATCH /api/v1/certificates/{uuid}, and of many at once: owner and groups. */
route_handler certificates_patch_one;
route_handler certificates_patch_many;

/* What this program never does: foreign certificates are not taken, records not deleted. 501. */
route_handler certificates_refuse_upload;
route_handler certificates_refuse_delete;

/* The certificate, or CA generation, that {uuid} of the path names; ERR_NOT_FOUND in CZERTAINLY's
 * words. *out belongs to the caller. */
int certificates_of_path(
    struct app *app, const struct params *params, struct certificate_row **out, struct error *err);

/* The same by id. */
int certificates_of_id(
    struct app *app, const struct uuid *id, struct certificate_row **out, struct error *err);

#endif
