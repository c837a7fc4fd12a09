#ifndef API_ANSWER_H
#define API_ANSWER_H

#include <json-c/json.h>

#include "base/uuid.h"
#include "http/request.h"
#include "http/response.h"

/* Answers with this object, which is put in any case; ERR_INTERNAL when it is NULL (no memory). */
int answer_json(
    struct response *response, int status, struct json_object *object, struct error *err);

/* 204, no body. */
int answer_nothing(struct response *response);

/*
 * Whether the client has what this entity tag names: "*", or a list that has the tag (RFC 9110,
 * 13.1.2; "W/" in front makes no difference here). It is answered with 304 then.
 */
bool answer_not_modified(const struct request *request, const char *tag, struct response *response);

/* Adds a point in time as CZERTAINLY writes it: 2024-11-08T14:57:04.000+00:00. */
void answer_add_time(struct json_object *to, const char *name, int64_t seconds);

#endif
