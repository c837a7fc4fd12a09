static const struct route routes[] = {
	{ "POST", "/api/csr", ROUTE_BODY, csr_post, PUBLIC },
	{ "GET", "/ocsp/{request*}", ROUTE_PLAIN, not_built, PUBLIC },
	{ "PATCH", "/api/v1/scepProfiles/{uuid}/enable", ROUTE_BODY, enable, NEEDS2(SCEP_PROFILES, ENABLE, RA_PROFILES, LIST) },
};
