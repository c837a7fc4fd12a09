#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum {
	CONFIG_LINE_MAX = 4096,       /* bytes of one line, and of a variable's value */
	CONFIG_FILE_MAX = 1024 * 1024 /* bytes of the file */
};

enum config_type {
	CONFIG_BOOLEAN, /* true, false, yes, no, 1, 0; into bool */
	CONFIG_NUMBER,  /* decimal, min to max; into uint32_t */
	CONFIG_DECIMAL, /* decimal, may have a fraction, counts `unit` each: "0.1" of 86400 gives
			   8640 into uint32_t, which min and max are for */
	CONFIG_TEXT,    /* into char *; min and max are not used */
	CONFIG_LIST, /* split at commas and white space; into struct text_list, min to max items */
	CONFIG_COMMA_LIST, /* the same, split at commas only: items may hold spaces */
	CONFIG_CHOICES     /* any of the names of `choices`; into that many adjacent bool */
};

enum config_mark {
	CONFIG_NEEDED = 1,  /* may not be empty */
	CONFIG_SECRET = 2,  /* the value is never shown */
	CONFIG_UNQUOTED = 4 /* faults do not quote the value: a secret may stand there by mistake */
};

/* One setting: a row of a table that says all there is to know about it. */
struct config_key {
	const char *section; /* "" before the first section; keys of a section stand together */
	const char *name;
	enum config_type type;
	unsigned marks;
	size_t offset;        /* of the member in the struct that config_apply fills */
	const char *fallback; /* the default, written as in a file; "" for none */
	uint32_t min;
	uint32_t max;
	uint32_t unit; /* for CONFIG_DECIMAL */
	/*
	 * For texts and each item of a list: checks the value and appends its normal form
	 * to out; NULL takes it as it is.
	 */
	bool (*check)(const char *value, struct buf *out);
	const char *expected; /* "expected ..." in a fault; may be NULL for booleans and numbers */
	const char *const *choices; /* for CONFIG_CHOICES, ends with NULL */
	const char *help;
};

/* Values gathered for a table, each with where it came from. */
struct config;

void config_free(struct config *config);
DEFINE_CLEANUP(struct config *, config_free)

/* No values yet; `name` is what faults call the file. NULL without memory. Keys are borrowed. */
OWNED(config_free)
struct config *config_new(const char *name, const struct config_key *keys, size_t count);

/*
 * Reads `[Section]` and `Key = value` lines. ERR_CONFIG "NAME:LINE: ..." for a
 * byte order mark, NUL or control character, a line that is too long or neither of the two,
 * an unknown key or section, and one that stands twice. Call it once.
 */
int config_parse(struct config *config, struct bytes text, struct error *err);

/* The same with the contents of a regular file. */
int config_read(struct config *config, const char *path, struct error *err);

/*
 * Takes PREFIX:Section:Key and PREFIX__Section__Key (or without the section) from the
 * environment, names compared without case; they win over the file. ERR_CONFIG
 * when two spellings of one key have different values.
 */
int config_environment(
    struct config *config, const char *prefix, char *const *environment, struct error *err);

/* The table that config was made with, and one row of it by its names without case, or NULL. */
const struct config_key *config_keys(const struct config *config, size_t *count);
const struct config_key *config_find(
    const struct config *config, const char *section, const char *name);

/* What was written for the key, borrowed; NULL when neither file nor environment has it. */
const char *config_value(const struct config *config, const struct config_key *key);

/* Appends "FILE:LINE", "environment NAME", or the file's name for a default. */
void config_where(const struct config *config, const struct config_key *key, struct buf *out);

/* Records ERR_CONFIG "WHERE: [Section] Key: text"; returns -1. */
int config_fault(const struct config *config, const struct config_key *key, struct error *err,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Appends "[Section] Key", or "Key" of a general one. */
void config_key_text(const struct config_key *key, struct buf *out);

/* Writes the names of the variables that begin with PREFIX and name no setting. */
void config_print_ignored(
    const struct config *config, const char *prefix, char *const *environment, FILE *to);

/* Text without the spaces and tabs around it. */
struct bytes config_trim(struct bytes text);

/* Appends value in quotes with what is not printable ASCII as \xHH, cut after 100 bytes. */
void config_quote(const char *value, struct buf *out);

#endif
