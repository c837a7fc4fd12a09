/* CZERTAINLY's search of the audit log, on our own table. */
#include "api/management/audit_logs.h"

#include <string.h>

#include "api/answer.h"
#include "api/management/audit_logs_names.h"
#include "api/management/audit_logs_query.h"
#include "api/context.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"

/* An id says when it was made, by the clock of the host that made it. */
static const int64_t CLOCKS_APART_MS = INT64_C(3600000);

enum { CHANGES_SHOWN_MAX = 16384 };

struct search {
	const struct audit_logs_query *query;
	struct json_object *items; /* an item a row of the page; borrowed */
	int64_t matches;
	struct uuid last_shown;
};

/*
 * 2.13.1 has an integer besides the uuid. It holds what of the uuid fits a client's double: the
 * time and five bits more.
 */
static int64_t
number_of(const struct uuid *id)
{
	int64_t ms = 0;

	for (unsigned i = 0; i < 6; i++)
		ms = ms << 8 | id->octets[i];
	return ms << 5 | id->octets[7] >> 3;
}

static void
add_bytes(struct json_object *to, const char *name, struct bytes value)
{
	json_add(to, name, json_object_new_string_len((const char *)value.ptr, (int)value.len));
}

static void
add_time(struct json_object *to, int64_t ms)
{
	char text[CLOCK_TEXT_MAX + sizeof("+00:00")];

	clock_text_ms(ms, text);
	/* "Z" is as good, but theirs is this. */
	memcpy(text + strlen(text) - 1, "+00:00", sizeof("+00:00"));
	json_add_text(to, "created", text);
}

/* The row's id and what decided stand in the item until fill() adds the rest. */
static struct json_object *
show(const struct audit_head *head)
{
	struct json_object *item = json_object_new_object();
	struct json_object *more = json_object_new_object();

	json_add_int(item, "id", number_of(&head->id));
	json_add_uuid(item, "uuid", &head->id);
	add_bytes(item, "author", head->actor);
	add_time(item, head->at_ms);
	json_add_text(item, "operationStatus", audit_logs_status(head));
	json_add_text(item, "origination", audit_logs_origination(head));
	json_add_text(item, "affected", audit_logs_affected(head));
	add_bytes(item, "objectIdentifier", head->object_name);
	json_add_text(item, "operation", audit_logs_operation(head));
	add_bytes(more, "action", head->action);
	add_bytes(more, "objectType", head->object_type);
	add_bytes(more, "outcome", head->outcome);
	if (head->remote_address.len > 0)
		add_bytes(more, "remoteAddress", head->remote_address);
	json_add(item, "additionalData", more);
	return item;
}

static int
visit(const struct audit_head *head, void *arg, struct error *err)
{
	struct search *search = arg;
	const struct audit_logs_query *query = search->query;
	int64_t at;

	if (!audit_logs_query_fits(query, head))
		return 1;
	at = search->matches++ - query->page * query->size;
	if (at < 0 || at >= query->size)
		return 1;
	search->last_shown = head->id;
	if (json_object_array_add(search->items, show(head)) < 0)
		return error_set(err, ERR_INTERNAL, "out of memory for the audit log");
	return 1;
}

/* So that a page of rows fits an answer, what one row holds is bounded too. */
static void
add_changes(struct json_object *more, const struct audit_more *found)
{
	const struct json_limits limits = { CHANGES_SHOWN_MAX, 64, 65536 };
	struct error ignored = { .code = ERR_NONE };
	struct json_object *changes = NULL;

	if (found->changes.len == 0)
		return;
	if (json_parse(buf_bytes(&found->changes), &limits, &changes, &ignored) == 0)
		json_add(more, "changes", changes);
	else
		json_add_bool(more, "changesAreTooLong", true);
}

/* additionalData is a text for their clients: an object within, which is readable enough. */
static void
close_more(struct json_object *item, struct json_object *more)
{
	json_add(item, "additionalData",
	    json_object_new_string(json_object_to_json_string_ext(
		more, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
}

static int
fill(struct db *db, struct json_object *item, struct error *err)
{
	cleanup(audit_more_release) struct audit_more found = { .has_request_id = false };
	cleanup(json_object_putp) struct json_object *more =
	    json_object_get(json_object_object_get(item, "additionalData"));
	struct uuid id;

	if (uuid_parse(json_object_get_string(json_object_object_get(item, "uuid")), &id, err) <
		0 ||
	    audit_find_more(db, &id, &found, err) < 0)
		return -1;
	if (found.has_request_id)
		json_add_uuid(more, "requestId", &found.request_id);
	if (found.detail.len > 0)
		add_bytes(more, "detail", buf_bytes(&found.detail));
	add_changes(more, &found);
	close_more(item, more);
	return 0;
}

static int
fill_all(struct db *db, struct json_object *items, struct error *err)
{
	for (size_t i = 0; i < json_object_array_length(items); i++)
		if (fill(db, json_object_array_get_idx(items, i), err) < 0)
			return -1;
	return 0;
}

/* One object's rows have a key, when it is known which type of object is meant. */
static void
choose_key(const struct audit_logs_query *query, struct audit_walk *walk)
{
	const char *type =
	    query->object[0] != '\0' ? audit_logs_object_type(query->affected) : NULL;

	if (type == NULL)
		return;
	walk->object_type = type;
	walk->object_name = query->object;
}

static void
bound(const struct audit_logs_query *query, struct audit_walk *walk)
{
	struct uuid end;

	walk->below = query->below;
	walk->from = audit_find_id_at(query->from_ms - CLOCKS_APART_MS);
	if (query->to_ms == INT64_MAX)
		return;
	end = audit_find_id_at(query->to_ms + CLOCKS_APART_MS);
	if (memcmp(&end, &walk->below, sizeof(end)) < 0)
		walk->below = end;
}

/* Behind the page where it is full and more follow, else behind what was looked at. */
static void
add_token(struct json_object *to, const struct search *search, const struct audit_walk *walk)
{
	int64_t end = (search->query->page + 1) * search->query->size;

	if (search->matches > end)
		json_add_uuid(to, "continuationToken", &search->last_shown);
	else if (walk->is_cut)
		json_add_uuid(to, "continuationToken", &walk->last);
}

static struct json_object *
make_answer(const struct search *search, const struct audit_walk *walk)
{
	const struct audit_logs_query *query = search->query;
	struct json_object *made = json_object_new_object();

	json_add_int(made, "itemsPerPage", query->size);
	json_add_int(made, "pageNumber", query->page);
	json_add_int(made, "totalPages", (search->matches + query->size - 1) / query->size);
	json_add_int(made, "totalItems", search->matches);
	json_add_bool(made, "totalItemsCapped", walk->is_cut);
	json_add(made, "items", json_object_get(search->items));
	add_token(made, search, walk);
	return made;
}

int
audit_logs_get(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(json_object_putp) struct json_object *items = json_object_new_array();
	struct audit_logs_query query;
	struct search search = { .query = &query, .items = items };
	struct audit_walk walk = { .each = visit, .arg = &search };

	(void)params;
	if (audit_logs_query_read(request->query, &query, err) < 0)
		return -1;
	bound(&query, &walk);
	choose_key(&query, &walk);
	if (audit_find_walk(app->db, &walk, err) < 0 || fill_all(app->db, items, err) < 0)
		return -1;
	return answer_json(response, 200, make_answer(&search, &walk), err);
}
