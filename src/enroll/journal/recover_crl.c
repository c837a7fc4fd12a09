/* Recovering from CRL files: which there are, whose they are, and the numbers they have used. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "enroll/status/crl_files.h"
#include "enroll/status/publish.h"
#include "enroll/journal/recover_entries.h"
#include "enroll/journal/recover_file.h"

static void
close_folder(DIR **folder)
{
	if (*folder != NULL)
		(void)closedir(*folder);
}

static void
add_path(struct recover *recover, const char *path)
{
	buf_add(&recover->crl_paths, bytes_of(path, strlen(path) + 1));
	recover->crl_count++;
}

/* A PEM file says what the one beside it says; a hidden one is not finished. */
static bool
is_crl_name(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 4 && strcmp(name + len - 4, ".crl") == 0;
}

static int
list_folder(struct recover *recover, struct error *err)
{
	char folder_path[CRL_FILES_PATH_MAX], path[CRL_FILES_PATH_MAX + 256];
	cleanup(close_folder) DIR *folder = NULL;

	if (crl_files_directory(recover->request->settings, folder_path, err) < 0)
		return -1;
	folder = opendir(folder_path);
	if (folder == NULL) {
		recover_tell(
		    recover, RECOVER_NOTE, "no CRL files in %s: %s", folder_path, strerror(errno));
		return 0;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	for (const struct dirent *at = readdir(folder); at != NULL; at = readdir(folder)) {
		if (!is_crl_name(at->d_name))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder_path, at->d_name);
		add_path(recover, path);
	}
	return 0;
}

static int
list_files(struct recover *recover, struct error *err)
{
	if (list_folder(recover, err) < 0)
		return -1;
	for (size_t i = 0; i < recover->request->crl_count; i++)
		add_path(recover, recover->request->crls[i]);
	return buf_failed(&recover->crl_paths)
		   ? error_set(err, ERR_CONFIG, "more CRL files than can be kept in mind")
		   : 0;
}

static void
note(struct recover_newest *newest, size_t place, const struct crl_facts *facts)
{
	if (newest->is_there && newest->number >= facts->number)
		return;
	*newest = (struct recover_newest){
		.is_there = true,
		.file = place,
		.number = facts->number,
		.signed_at = facts->this_update +
			     publish_backdating(facts->next_update - facts->this_update),
	};
}

/* Two generations may share name and key, and a CRL's number is used up for both then. */
static unsigned
attribute(struct recover *recover, const struct recover_file *file, size_t place)
{
	struct recover_generations *generations = recover->generations;
	unsigned found = 0;

	for (size_t i = 0; i < generations->count; i++) {
		struct recover_generation *generation = &generations->items[i];

		if (!recover_file_is_signed_by(file, generation))
			continue;
		found++;
		if (file->facts.number > generation->highest)
			generation->highest = file->facts.number;
		if (recover_file_is_about(file, generations, generation))
			note(file->facts.has_base ? &generation->delta : &generation->full, place,
			    &file->facts);
	}
	return found;
}

static void
read_number(struct recover *recover, const char *path, size_t place)
{
	struct recover_file file;
	struct error err = { .code = ERR_NONE };

	if (recover_file_open(path, &file, &err) < 0)
		recover_tell(recover, RECOVER_TROUBLE, "CRL %s: refused: %s", path, err.text);
	else if (attribute(recover, &file, place) == 0)
		recover_tell(recover, RECOVER_TROUBLE,
		    "CRL %s: refused: no CA generation on record has signed it", path);
	recover_file_release(&file);
}

int
recover_crl_numbers(struct recover *recover, struct error *err)
{
	const char *path;
	size_t place = 0;

	if (list_files(recover, err) < 0)
		return -1;
	path = (const char *)recover->crl_paths.data;
	for (; place < recover->crl_count; place++, path += strlen(path) + 1)
		read_number(recover, path, place);
	return 0;
}

/* The files once more, for one generation: the newest delta CRL, the newest full one, the others.
 */
static int
read_entries(struct recover *recover, struct recover_entries *entries,
    bool (*wanted)(const struct recover_entries *entries, size_t place), struct error *err)
{
	const char *path = (const char *)recover->crl_paths.data;

	for (size_t place = 0; place < recover->crl_count; place++, path += strlen(path) + 1) {
		struct recover_file file;
		struct error ignored = { .code = ERR_NONE };
		int result = 0;

		if (!wanted(entries, place))
			continue;
		if (recover_file_open(path, &file, &ignored) == 0 &&
		    recover_file_is_signed_by(&file, entries->generation) &&
		    recover_file_is_about(&file, recover->generations, entries->generation))
			result = recover_entries_read(entries, &file, err);
		recover_file_release(&file);
		if (result < 0)
			return -1;
	}
	return 0;
}

static bool
is_delta(const struct recover_entries *entries, size_t place)
{
	return recover_entries_has_delta(entries->generation) &&
	       place == entries->generation->delta.file;
}

static bool
is_full(const struct recover_entries *entries, size_t place)
{
	return entries->generation->full.is_there && place == entries->generation->full.file;
}

static bool
is_other(const struct recover_entries *entries, size_t place)
{
	return !is_delta(entries, place) && !is_full(entries, place);
}

static int
read_generation(struct recover *recover, struct recover_entries *entries, struct error *err)
{
	if (recover_entries_begin(entries, err) < 0 ||
	    read_entries(recover, entries, is_delta, err) < 0)
		return -1;
	recover_entries_decide(entries);
	if (read_entries(recover, entries, is_full, err) < 0)
		return -1;
	entries->is_decisive = false;
	if (read_entries(recover, entries, is_other, err) < 0)
		return -1;
	return recover_entries_end(entries, err);
}

int
recover_crl_entries(struct recover *recover, struct error *err)
{
	for (size_t i = 0; i < recover->generations->count; i++) {
		struct recover_generation *generation = &recover->generations->items[i];
		struct recover_entries entries = RECOVER_ENTRIES_INIT(recover, generation);
		int result;

		if (generation->highest == 0)
			continue;
		result = read_generation(recover, &entries, err);
		recover_entries_release(&entries);
		if (result < 0)
			return -1;
	}
	return 0;
}
