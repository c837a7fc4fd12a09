static const struct route routes[] = {
	{ "POST", "/api/csr", ROUTE_BODY, post_csr },
	{ "GET", "/ca/{generation}", ROUTE_PLAIN, get_ca },
};
