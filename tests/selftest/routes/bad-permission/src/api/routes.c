static const struct route routes[] = {
	{ "POST", "/api/csr", ROUTE_BODY, csr_post, PUBLIC },
	{ "GET", "/ocsp/{request*}", ROUTE_PLAIN, not_built, PUBLIC },
	{ "GET", "/api/v1/enums", 0, enums_get, SELF },
	{ "PATCH", "/api/v1/scepProfiles/{uuid}/enable", ROUTE_BODY, enable, NEEDS2(SCEP_PROFILES, LIST, RA_PROFILES, LIST) },
};
