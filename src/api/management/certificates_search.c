/* POST /api/v1/certificates: pages of certificates by number, or by token. */

#include "api/answer.h"
#include "api/management/certificate_dto.h"
#include "api/management/certificate_filters.h"
#include "api/management/certificates.h"
#include "api/context.h"
#include "api/member.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/json_add.h"

enum { PAGE_DEFAULT = 10 };

/* SearchRequestDto as it was read; texts are the body's. */
struct asked {
	struct json_object *body;
	struct certificate_filters filters;
	struct certificates_search search;
	bool by_token;
};

static void
asked_release(struct asked *asked)
{
	certificate_filters_release(&asked->filters);
	json_object_put(asked->body);
}

static int
read_number(const struct json_object *body, const char *name, int32_t *number, struct error *err)
{
	bool is_there = false;

	if (member_int32(body, name, &is_there, number, err) < 0)
		return -1;
	if (*number < 1)
		return error_set(err, ERR_VALIDATION, "%s is at least 1", name);
	return 0;
}

static int
read_page(struct asked *asked, struct error *err)
{
	int32_t size = PAGE_DEFAULT, page = 1;

	if (read_number(asked->body, "itemsPerPage", &size, err) < 0 ||
	    read_number(asked->body, "pageNumber", &page, err) < 0 ||
	    member_text(asked->body, "continuationToken", &asked->search.token, err) < 0)
		return -1;
	if (size > SEARCH_PAGE_MAX)
		return error_set(
		    err, ERR_VALIDATION, "itemsPerPage is at most %d", SEARCH_PAGE_MAX);
	asked->search.page_size = (size_t)size;
	asked->search.page_number = (size_t)page;
	asked->by_token = asked->search.token != NULL;
	if (asked->by_token && asked->search.token[0] == '\0')
		asked->search.token = NULL;
	return 0;
}

static int
read_asked(const struct request *request, struct asked *asked, struct error *err)
{
	struct json_object *filters = NULL;

	if (body_read_object(request, &asked->body, err) < 0 || read_page(asked, err) < 0 ||
	    member_array(asked->body, "filters", &filters, err) < 0 ||
	    certificate_filters_read(filters, &asked->filters, err) < 0)
		return -1;
	asked->search.conditions = asked->filters.conditions;
	asked->search.condition_count = asked->filters.count;
	asked->search.now = clock_now();
	return 0;
}

/* A page being filled. */
struct page {
	struct app *app;
	int64_t now;
	struct json_object *list;
};

static int
add_row(const struct certificate_row *row, void *arg, struct error *err)
{
	const struct page *page = arg;
	struct json_object *dto = NULL;

	if (certificate_dto(page->app->db, row, page->now, &dto, err) < 0)
		return -1;
	return json_object_array_add(page->list, dto);
}

/* CertificateResponseDto, with what ours has beyond it: whether the total is only what was counted.
 */
static int
search_numbered(
    const struct asked *asked, struct page *page, struct json_object *answer, struct error *err)
{
	const struct certificates_visit visit = { .each = add_row, .arg = page };
	struct certificates_total total = { .count = 0 };
	size_t size = asked->search.page_size;

	if (certificates_search_numbered(page->app->db, &asked->search, visit, &total, err) < 0)
		return -1;
	json_add_int(answer, "pageNumber", (int64_t)asked->search.page_number);
	json_add_int(answer, "totalPages", (int64_t)((total.count + size - 1) / size));
	json_add_int(answer, "totalItems", (int64_t)total.count);
	json_add_bool(answer, "totalItemsCapped", total.is_at_least);
	return 0;
}

/*
 * Nothing is counted beyond the page: its totals, which clients of the original want to be there,
 * are those of the page and called capped. Whoever has a token goes on with it, also after a short
 * or empty page.
 */
static int
search_on(
    const struct asked *asked, struct page *page, struct json_object *answer, struct error *err)
{
	const struct certificates_visit visit = { .each = add_row, .arg = page };
	struct certificates_found found = { .token = "" };

	if (certificates_search(page->app->db, &asked->search, visit, &found, err) < 0)
		return -1;
	json_add_int(answer, "pageNumber", (int64_t)asked->search.page_number);
	json_add_int(answer, "totalPages", (int64_t)asked->search.page_number);
	json_add_int(answer, "totalItems", (int64_t)found.hits);
	json_add_bool(answer, "totalItemsCapped", true);
	if (found.token[0] != '\0')
		json_add_text(answer, "continuationToken", found.token);
	return 0;
}

static int
search(struct app *app, const struct asked *asked, struct json_object *answer, struct error *err)
{
	struct page page = { .app = app, .now = asked->search.now };

	page.list = json_object_new_array();
	if (page.list == NULL || answer == NULL)
		return error_set(err, ERR_INTERNAL, "out of memory");
	json_add(answer, "certificates", page.list);
	json_add_int(answer, "itemsPerPage", (int64_t)asked->search.page_size);
	return asked->by_token ? search_on(asked, &page, answer, err)
			       : search_numbered(asked, &page, answer, err);
}

int
certificates_post_search(struct app *app, struct request *request, const struct params *params,
    struct response *response, struct error *err)
{
	cleanup(asked_release) struct asked asked = { .body = NULL };
	cleanup(json_object_putp) struct json_object *answer = json_object_new_object();

	(void)params;
	if (read_asked(request, &asked, err) < 0 || search(app, &asked, answer, err) < 0)
		return -1;
	return answer_json(response, 200, take(answer), err);
}
