#ifndef API_MANAGEMENT_AUTHORITY_INSTANCES_H
#define API_MANAGEMENT_AUTHORITY_INSTANCES_H

#include "http/router.h"
#include "store/authorities.h"

/* The CA whose id the path has under this name; ERR_NOT_FOUND. */
int authority_instances_find(struct app *app, const struct params *params, const char *name,
    struct authority *out, struct error *err);

/* GET /api/v1/authorities: AuthorityInstanceDto of each CA of ours. */
route_handler authority_instances_get_all;

/* GET /api/v1/authorities/{uuid}. */
route_handler authority_instances_get;

/* GET /api/v1/authorities/{uuid}/attributes/raProfile: the rules of an RA profile as
 * BaseAttributeDto. */
route_handler authority_instances_get_ra_profile_attributes;

/* GET .../raProfiles/{r}/caCertificates: CertificateDetailDto of the certificate that the profile's
 * certificates are issued with. */
route_handler authority_instances_get_ca_certificates;

#endif
