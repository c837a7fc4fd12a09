#ifndef API_ACCESS_CROSS_SITE_H
#define API_ACCESS_CROSS_SITE_H

#include "http/request.h"

/*
 * Refuses what a page of another site may have made a browser send, which adds its user's client
 * certificate by itself: the Content-Type must be one of media_types (ends with NULL; "" stands for
 * none at all), which no HTML form can send, and an Origin must be BaseUrl's. To be asked wherever
 * a client certificate is the credential and something is written; a bearer token is added by
 * nobody but its owner. ERR_MEDIA_TYPE, ERR_ORIGIN.
 */
int cross_site_check(const struct settings *settings, const struct request *request,
    const char *const *media_types, struct error *err);

#endif
