#ifndef API_MANAGEMENT_OPERATIONS_H
#define API_MANAGEMENT_OPERATIONS_H

#include "http/router.h"

/*
 * Below /api/v2/operations/authorities/{a}/raProfiles/{r}. The RA profile is that of the path; who
 * may have which certificate is decided where it is for POST /api/csr (enroll/issuing/issue). What
 * policy refuses in a request is 422, a caller whom it does not admit 403.
 */

/* POST certificates, {"request","format","attributes","customAttributes"}: 200
 * {"uuid","certificateData"}. */
route_handler operations_issue;

/* POST certificates/{c}/renew, {"request","format"}: the same for the next certificate of c's
 * holder, with c's names and its own public key. */
route_handler operations_renew;

/* POST certificates/{c}/rekey: 501, for it would need a key made here. */
route_handler operations_rekey;

/* POST certificates/{c}/revoke, {"reason","attributes","destroyKey"}: 204. */
route_handler operations_revoke;

#endif
