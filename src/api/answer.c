/* Answers: JSON objects and the members that they are made of, and those without a body. */
#include "api/answer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"

int
answer_json(struct response *response, int status, struct json_object *object, struct error *err)
{
	cleanup(json_object_putp) struct json_object *owned = object;
	cleanup(buf_release) struct buf body = BUF_INIT(RESPONSE_MAX_BODY);
	const char *text;

	text = owned != NULL ? json_object_to_json_string_ext(
				   owned, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)
			     : NULL;
	if (text == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	buf_add_text(&body, text);
	if (buf_failed(&body))
		return error_set(
		    err, ERR_INTERNAL, "the answer has more than %d octets", RESPONSE_MAX_BODY);
	response_take(response, status, "application/json", &body);
	return 0;
}

int
answer_nothing(struct response *response)
{
	response_drop_header(response, "Content-Type");
	response->status = 204;
	response->number = 0;
	buf_reset(&response->body);
	return 0;
}

bool
answer_not_modified(const struct request *request, const char *tag, struct response *response)
{
	const char *asked = request_param(request, "HTTP_IF_NONE_MATCH");

	if (asked == NULL || (strcmp(asked, "*") != 0 && strstr(asked, tag) == NULL))
		return false;
	response->status = 304;
	return true;
}

void
answer_add_time(struct json_object *to, const char *name, int64_t seconds)
{
	char text[CLOCK_TEXT_MAX], shown[CLOCK_TEXT_MAX + 8];
	size_t len;

	clock_text(seconds, text);
	len = strlen(text);
	/* the same point with CZERTAINLY's milliseconds and offset in place of the Z */
	(void)snprintf(shown, sizeof(shown), "%.*s.000+00:00", (int)(len > 0 ? len - 1 : 0), text);
	json_add_text(to, name, shown);
}
