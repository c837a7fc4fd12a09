/* Every route of the program: method, path, what it takes, its handler, what the caller needs. */
#include "api/routes.h"

#include <string.h>

#include "api/management/attributes.h"
#include "api/management/audit_logs.h"
#include "api/management/authorities.h"
#include "api/management/authority_instances.h"
#include "api/management/certificates.h"
#include "api/status/crl.h"
#include "api/enrollment/csr.h"
#include "api/enrollment/est.h"
#include "api/management/front_end.h"
#include "api/management/groups.h"
#include "api/status/health.h"
#include "api/management/manage.h"
#include "api/status/metrics.h"
#include "api/enrollment/mscep.h"
#include "api/status/ocsp.h"
#include "api/openapi.h"
#include "api/management/operations.h"
#include "api/management/operations_attributes.h"
#include "api/management/ra_profile_scep.h"
#include "api/management/ra_profiles_api.h"
#include "api/management/ra_profiles_edit.h"
#include "api/management/scep_profiles.h"

#define PUBLIC \
	{ \
		{ \
			RESOURCE_NONE, ACTION_LIST \
		} \
	}
#define SELF \
	{ \
		{ \
			RESOURCE_SELF, ACTION_LIST \
		} \
	}
#define NEEDS(resource, action) \
	{ \
		{ \
			RESOURCE_##resource, ACTION_##action \
		} \
	}
#define NEEDS2(resource, action, resource2, action2) \
	{ \
		{ RESOURCE_##resource, ACTION_##action }, \
		{ \
			RESOURCE_##resource2, ACTION_##action2 \
		} \
	}

static route_handler not_built;

/* clang-format off */
static const struct route routes[] = {
	{ "POST", "/api/csr", ROUTE_BODY, csr_post, PUBLIC },
	{ "GET", "/.well-known/est/cacerts", 0, est_get_cacerts, PUBLIC },
	{ "GET", "/.well-known/est/csrattrs", 0, est_get_csrattrs, PUBLIC },
	{ "POST", "/.well-known/est/simpleenroll", ROUTE_BODY, est_post_simpleenroll, PUBLIC },
	{ "POST", "/.well-known/est/simplereenroll", ROUTE_BODY, est_post_simplereenroll, PUBLIC },
	{ "POST", "/.well-known/est/fullcmc", ROUTE_BODY, est_post_fullcmc, PUBLIC },
	{ "POST", "/.well-known/est/serverkeygen", ROUTE_BODY, est_post_serverkeygen, PUBLIC },
	{ "GET", "/.well-known/est/{label}/cacerts", 0, est_get_cacerts, PUBLIC },
	{ "GET", "/.well-known/est/{label}/csrattrs", 0, est_get_csrattrs, PUBLIC },
	{ "POST", "/.well-known/est/{label}/simpleenroll", ROUTE_BODY, est_post_simpleenroll, PUBLIC },
	{ "POST", "/.well-known/est/{label}/simplereenroll", ROUTE_BODY, est_post_simplereenroll, PUBLIC },
	{ "POST", "/.well-known/est/{label}/fullcmc", ROUTE_BODY, est_post_fullcmc, PUBLIC },
	{ "POST", "/.well-known/est/{label}/serverkeygen", ROUTE_BODY, est_post_serverkeygen, PUBLIC },
	{ "GET", "/ca", ROUTE_PLAIN, authorities_get_ca, PUBLIC },
	{ "GET", "/ca/{generation}", ROUTE_PLAIN, authorities_get_generation, PUBLIC },
	{ "GET", "/crl/{name}", ROUTE_PLAIN, crl_get, PUBLIC },
	{ "GET", "/crl/pem/{token}", ROUTE_PLAIN, crl_get_pem, PUBLIC },
	{ "POST", "/ocsp", ROUTE_PLAIN | ROUTE_BODY, ocsp_post, PUBLIC },
	{ "GET", "/ocsp/{request*}", ROUTE_PLAIN, ocsp_get, PUBLIC },
	{ "GET", "/certsrv/mscep/mscep.dll", ROUTE_PLAIN, mscep_get, PUBLIC },
	{ "GET", "/certsrv/mscep/mscep.dll/pkiclient.exe", ROUTE_PLAIN, mscep_get, PUBLIC },
	{ "GET", "/probe", ROUTE_PLAIN, health_get_probe, PUBLIC },
	{ "GET", "/metrics", ROUTE_PLAIN, metrics_get, PUBLIC },
	{ "GET", "/api/openapi.yaml", 0, openapi_get, PUBLIC },
	{ "GET", "/api/v1/scepProfiles", 0, scep_profiles_get_all, NEEDS(SCEP_PROFILES, LIST) },
	{ "POST", "/api/v1/scepProfiles", ROUTE_BODY, scep_profiles_post, NEEDS2(SCEP_PROFILES, CREATE, CERTIFICATES, DETAIL) },
	{ "GET", "/api/v1/scepProfiles/{uuid}", 0, scep_profiles_get, NEEDS(SCEP_PROFILES, DETAIL) },
	{ "PUT", "/api/v1/scepProfiles/{uuid}", ROUTE_BODY, scep_profiles_put, NEEDS2(SCEP_PROFILES, UPDATE, CERTIFICATES, DETAIL) },
	{ "DELETE", "/api/v1/scepProfiles/{uuid}", 0, scep_profiles_delete_one, NEEDS(SCEP_PROFILES, DELETE) },
	{ "PATCH", "/api/v1/scepProfiles/{uuid}/enable", ROUTE_BODY, scep_profiles_patch_enable, NEEDS(SCEP_PROFILES, ENABLE) },
	{ "PATCH", "/api/v1/scepProfiles/{uuid}/disable", ROUTE_BODY, scep_profiles_patch_disable, NEEDS(SCEP_PROFILES, ENABLE) },
	{ "PATCH", "/api/v1/scepProfiles/enable", ROUTE_BODY, scep_profiles_bulk_enable, NEEDS(SCEP_PROFILES, ENABLE) },
	{ "PATCH", "/api/v1/scepProfiles/disable", ROUTE_BODY, scep_profiles_bulk_disable, NEEDS(SCEP_PROFILES, ENABLE) },
	{ "DELETE", "/api/v1/scepProfiles/delete", ROUTE_BODY, scep_profiles_bulk_delete, NEEDS(SCEP_PROFILES, DELETE) },
	{ "DELETE", "/api/v1/scepProfiles/delete/force", ROUTE_BODY, scep_profiles_bulk_delete_force, NEEDS(SCEP_PROFILES, DELETE) },
	{ "PATCH", "/api/v1/scepProfiles/{uuid}/raProfiles/{raProfileUuid}", ROUTE_BODY, scep_profiles_patch_ra_profile, NEEDS2(SCEP_PROFILES, UPDATE, RA_PROFILES, DETAIL) },
	{ "GET", "/api/v1/scepProfiles/caCertificates", 0, scep_profiles_get_ca_certificates, NEEDS2(CERTIFICATES, LIST, RA_PROFILES, LIST) },
	{ "GET", "/api/v1/authorities", 0, authority_instances_get_all, NEEDS(AUTHORITIES, LIST) },
	{ "GET", "/api/v1/authorities/{uuid}", 0, authority_instances_get, NEEDS(AUTHORITIES, DETAIL) },
	{ "GET", "/api/v1/authorities/{uuid}/attributes/raProfile", 0, authority_instances_get_ra_profile_attributes, NEEDS(AUTHORITIES, DETAIL) },
	{ "POST", "/api/v1/authorities/{authorityUuid}/raProfiles", ROUTE_BODY, ra_profiles_edit_post, NEEDS(RA_PROFILES, CREATE) },
	{ "GET", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}", 0, ra_profiles_api_get, NEEDS(RA_PROFILES, DETAIL) },
	{ "PUT", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}", ROUTE_BODY, ra_profiles_edit_put, NEEDS(RA_PROFILES, UPDATE) },
	{ "DELETE", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}", 0, ra_profiles_api_delete, NEEDS(RA_PROFILES, DELETE) },
	{ "PATCH", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/enable", ROUTE_BODY, ra_profiles_api_enable, NEEDS(RA_PROFILES, ENABLE) },
	{ "PATCH", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/disable", ROUTE_BODY, ra_profiles_api_disable, NEEDS(RA_PROFILES, ENABLE) },
	{ "GET", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/attributes/issue", 0, operations_attributes_get_issue, NEEDS(RA_PROFILES, DETAIL) },
	{ "GET", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/attributes/revoke", 0, operations_attributes_get_revoke, NEEDS(RA_PROFILES, DETAIL) },
	{ "GET", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/caCertificates", 0, authority_instances_get_ca_certificates, NEEDS(RA_PROFILES, DETAIL) },
	{ "GET", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/protocols/scep", 0, ra_profile_scep_get, NEEDS(RA_PROFILES, DETAIL) },
	{ "PATCH", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/protocols/scep/activate/{scepProfileUuid}", ROUTE_BODY, ra_profile_scep_patch_activate, NEEDS2(RA_PROFILES, UPDATE, SCEP_PROFILES, DETAIL) },
	{ "PATCH", "/api/v1/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/protocols/scep/deactivate", ROUTE_BODY, ra_profile_scep_patch_deactivate, NEEDS(RA_PROFILES, UPDATE) },
	{ "GET", "/api/v1/raProfiles", 0, ra_profiles_api_get_all, NEEDS(RA_PROFILES, LIST) },
	{ "DELETE", "/api/v1/raProfiles", ROUTE_BODY, ra_profiles_api_delete_many, NEEDS(RA_PROFILES, DELETE) },
	{ "PATCH", "/api/v1/raProfiles/enable", ROUTE_BODY, ra_profiles_api_enable_many, NEEDS(RA_PROFILES, ENABLE) },
	{ "PATCH", "/api/v1/raProfiles/disable", ROUTE_BODY, ra_profiles_api_disable_many, NEEDS(RA_PROFILES, ENABLE) },
	{ "GET", "/api/v1/raProfiles/{raProfileUuid}", 0, ra_profiles_api_get, NEEDS(RA_PROFILES, DETAIL) },
	{ "DELETE", "/api/v1/raProfiles/{raProfileUuid}", 0, ra_profiles_api_delete, NEEDS(RA_PROFILES, DELETE) },
	{ "POST", "/api/v1/certificates", ROUTE_BODY, certificates_post_search, NEEDS(CERTIFICATES, LIST) },
	{ "PATCH", "/api/v1/certificates", ROUTE_BODY, certificates_patch_many, NEEDS(CERTIFICATES, UPDATE) },
	{ "GET", "/api/v1/certificates/search", 0, certificates_get_fields, NEEDS(CERTIFICATES, LIST) },
	{ "POST", "/api/v1/certificates/upload", ROUTE_BODY, certificates_refuse_upload, NEEDS(CERTIFICATES, CREATE) },
	{ "POST", "/api/v1/certificates/delete", ROUTE_BODY, certificates_refuse_delete, NEEDS(CERTIFICATES, DELETE) },
	{ "GET", "/api/v1/certificates/{uuid}", 0, certificates_get_one, NEEDS(CERTIFICATES, DETAIL) },
	{ "PATCH", "/api/v1/certificates/{uuid}", ROUTE_BODY, certificates_patch_one, NEEDS(CERTIFICATES, UPDATE) },
	{ "DELETE", "/api/v1/certificates/{uuid}", 0, certificates_refuse_delete, NEEDS(CERTIFICATES, DELETE) },
	{ "GET", "/api/v1/certificates/{uuid}/chain", 0, certificates_get_chain, NEEDS(CERTIFICATES, DETAIL) },
	{ "GET", "/api/v1/certificates/{uuid}/chain/{format}", 0, certificates_get_chain_file, NEEDS(CERTIFICATES, DETAIL) },
	{ "GET", "/api/v1/certificates/{uuid}/history", 0, certificates_get_history, NEEDS(CERTIFICATES, DETAIL) },
	{ "GET", "/api/v1/certificates/{uuid}/{format}", 0, certificates_get_file, NEEDS(CERTIFICATES, DETAIL) },
	{ "POST", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/certificates", ROUTE_BODY, operations_issue, NEEDS(CERTIFICATES, ISSUE) },
	{ "POST", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/certificates/{certificateUuid}/renew", ROUTE_BODY, operations_renew, NEEDS(CERTIFICATES, RENEW) },
	{ "POST", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/certificates/{certificateUuid}/rekey", ROUTE_BODY, operations_rekey, NEEDS(CERTIFICATES, RENEW) },
	{ "POST", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/certificates/{certificateUuid}/revoke", ROUTE_BODY, operations_revoke, NEEDS(CERTIFICATES, REVOKE) },
	{ "GET", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/attributes/issue", 0, operations_attributes_get_issue, NEEDS(CERTIFICATES, ISSUE) },
	{ "POST", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/attributes/issue/validate", ROUTE_BODY, operations_attributes_validate_issue, NEEDS(CERTIFICATES, ISSUE) },
	{ "GET", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/attributes/revoke", 0, operations_attributes_get_revoke, NEEDS(CERTIFICATES, REVOKE) },
	{ "POST", "/api/v2/operations/authorities/{authorityUuid}/raProfiles/{raProfileUuid}/attributes/revoke/validate", ROUTE_BODY, operations_attributes_validate_revoke, NEEDS(CERTIFICATES, REVOKE) },
	{ "GET", "/api/v1/attributes/custom", 0, attributes_get_list, NEEDS(ATTRIBUTES, LIST) },
	{ "POST", "/api/v1/attributes/custom", ROUTE_BODY, attributes_post, NEEDS(ATTRIBUTES, CREATE) },
	{ "DELETE", "/api/v1/attributes/custom", ROUTE_BODY, attributes_bulk_delete, NEEDS(ATTRIBUTES, DELETE) },
	{ "PATCH", "/api/v1/attributes/custom/enable", ROUTE_BODY, attributes_bulk_enable, NEEDS(ATTRIBUTES, ENABLE) },
	{ "PATCH", "/api/v1/attributes/custom/disable", ROUTE_BODY, attributes_bulk_disable, NEEDS(ATTRIBUTES, ENABLE) },
	{ "GET", "/api/v1/attributes/custom/resources", 0, attributes_get_resources, NEEDS(ATTRIBUTES, LIST) },
	{ "GET", "/api/v1/attributes/custom/resources/{resource}", 0, attributes_get_resource, NEEDS(ATTRIBUTES, LIST) },
	{ "PATCH", "/api/v1/attributes/custom/resources/{resource}/objects/{objectUuid}/{attributeUuid}", ROUTE_BODY, attributes_patch_object, NEEDS(ATTRIBUTES, DETAIL) },
	{ "DELETE", "/api/v1/attributes/custom/resources/{resource}/objects/{objectUuid}/{attributeUuid}", 0, attributes_delete_object, NEEDS(ATTRIBUTES, DETAIL) },
	{ "GET", "/api/v1/attributes/custom/{uuid}", 0, attributes_get, NEEDS(ATTRIBUTES, DETAIL) },
	{ "PUT", "/api/v1/attributes/custom/{uuid}", ROUTE_BODY, attributes_put, NEEDS(ATTRIBUTES, UPDATE) },
	{ "DELETE", "/api/v1/attributes/custom/{uuid}", 0, attributes_delete, NEEDS(ATTRIBUTES, DELETE) },
	{ "PATCH", "/api/v1/attributes/custom/{uuid}/enable", ROUTE_BODY, attributes_patch_enable, NEEDS(ATTRIBUTES, ENABLE) },
	{ "PATCH", "/api/v1/attributes/custom/{uuid}/disable", ROUTE_BODY, attributes_patch_disable, NEEDS(ATTRIBUTES, ENABLE) },
	{ "PATCH", "/api/v1/attributes/custom/{uuid}/resources", ROUTE_BODY, attributes_patch_resources, NEEDS(ATTRIBUTES, UPDATE) },
	{ "GET", "/api/v1/groups", 0, groups_list, NEEDS(GROUPS, LIST) },
	{ "POST", "/api/v1/groups", ROUTE_BODY, groups_create, NEEDS(GROUPS, CREATE) },
	{ "DELETE", "/api/v1/groups", ROUTE_BODY, groups_delete_many, NEEDS(GROUPS, DELETE) },
	{ "GET", "/api/v1/groups/{uuid}", 0, groups_get, NEEDS(GROUPS, DETAIL) },
	{ "PUT", "/api/v1/groups/{uuid}", ROUTE_BODY, groups_update, NEEDS(GROUPS, UPDATE) },
	{ "DELETE", "/api/v1/groups/{uuid}", 0, groups_delete, NEEDS(GROUPS, DELETE) },
	{ "GET", "/api/v1/auditLogs", 0, audit_logs_get, NEEDS(AUDIT_LOGS, LIST) },
	{ "GET", "/api/v1/auth/profile", 0, front_end_get_profile, SELF },
	{ "GET", "/api/v1/settings/platform", 0, front_end_get_settings, SELF },
	{ "GET", "/api/v1/enums", 0, front_end_get_enums, SELF },
	{ "GET", "/api/v1/notifications", 0, front_end_get_notifications, SELF },
	{ "GET", "/api/v1/health", 0, front_end_get_health, SELF },
	{ "GET", "/api/v1/info", 0, front_end_get_info, SELF },
	{ "GET", "/api/manage/search", 0, manage_get_search, NEEDS(CERTIFICATES, LIST) },
	{ "PATCH", "/api/manage/revoke/{serial}", ROUTE_BODY, manage_patch_revoke, NEEDS(CERTIFICATES, REVOKE) },
	/* Planned: these answer 501 until they are built. */
	{ "GET", "/certsrv/{path*}", ROUTE_PLAIN, not_built, PUBLIC },
	{ "POST", "/certsrv/{path*}", ROUTE_PLAIN | ROUTE_BODY, not_built, PUBLIC },
	{ "GET", "/api/v1/protocols/scep/{path*}", ROUTE_PLAIN, not_built, PUBLIC },
	{ "POST", "/api/v1/protocols/scep/{path*}", ROUTE_PLAIN | ROUTE_BODY, not_built, PUBLIC },
};
/* clang-format on */

/* What the planned paths belong to, for whoever meets a 501. */
static const struct {
	const char *prefix, *name;
} planned[] = {
	{ "/certsrv/", "SCEP" },
	{ "/api/v1/protocols/", "SCEP" },
	{ "/api/", "this part of the management API" },
};

static int
not_built(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	const char *name = "this path";

	(void)app;
	(void)params;
	(void)response;
	for (size_t i = sizeof(planned) / sizeof(planned[0]); i-- > 0;)
		if (strncmp(request->path, planned[i].prefix, strlen(planned[i].prefix)) == 0)
			name = planned[i].name;
	return error_set(err, ERR_NOT_BUILT, "%s is not built yet", name);
}

int
routes_find(const struct request *request, struct params *params, const struct route **out,
    char allow[static 64], struct error *err)
{
	const struct route_query query = {
		.routes = routes,
		.count = sizeof(routes) / sizeof(routes[0]),
		.method = request->method,
		.path = request->path,
		.escaped_tail = request->escaped_tail,
	};

	return router_find(&query, params, out, allow, err);
}

static bool
is_below(const struct request *request, const char *prefix)
{
	return strncmp(request->path, prefix, strlen(prefix)) == 0;
}

enum error_form
routes_error_form(const struct request *request)
{
	if (is_below(request, "/.well-known/est/"))
		return ERROR_FORM_TEXT;
	if (is_below(request, "/api/v1/") || is_below(request, "/api/v2/"))
		return ERROR_FORM_CZERTAINLY;
	return ERROR_FORM_NUMBERED;
}

bool
routes_is_status(const struct request *request)
{
	return is_below(request, "/ocsp") || is_below(request, "/crl/");
}

bool
routes_is_management(const struct request *request)
{
	return is_below(request, "/api/v1/") || is_below(request, "/api/v2/") ||
	       is_below(request, "/api/manage/");
}
