/* Settings by table: reads the file and the environment, says where each value came from. */
#define _GNU_SOURCE
#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { QUOTE_MAX = 100, NAME_MAX_BYTES = 64, FAULT_MAX = 2 * CONFIG_LINE_MAX };

static const char BLANKS[] = " \t";

/* Where one key's value stands; text is NULL when neither file nor environment gave one. */
struct value {
	char *text;
	unsigned line;         /* in the file; 0: from the environment */
	char *variable;        /* of the environment; NULL: from the file */
	unsigned section_line; /* of the section that begins with this key; 0: not seen */
};

struct config {
	char *name;
	const struct config_key *keys;
	size_t count;
	struct value *values;
};

static int
no_memory(struct error *err)
{
	return error_set(err, ERR_INTERNAL, "no memory for the settings");
}

static void
destroy(struct config *config)
{
	for (size_t i = 0; config->values != NULL && i < config->count; i++) {
		text_release(&config->values[i].text);
		text_release(&config->values[i].variable);
	}
	free(config->values);
	text_release(&config->name);
	free(config);
}

void
config_free(struct config *config)
{
	if (config != NULL)
		destroy(config);
}

struct config *
config_new(const char *name, const struct config_key *keys, size_t count)
{
	struct config *config = calloc(1, sizeof(*config));
	struct error ignored = { 0 };

	if (config == NULL)
		return NULL;
	config->keys = keys;
	config->count = count;
	config->values = calloc(count > 0 ? count : 1, sizeof(*config->values));
	if (config->values == NULL || text_set(&config->name, bytes_text(name), &ignored) < 0) {
		destroy(config);
		return NULL;
	}
	return config;
}

void
config_quote(const char *value, struct buf *out)
{
	size_t len = strlen(value);

	buf_add_byte(out, '"');
	for (size_t i = 0; i < len && i < QUOTE_MAX; i++) {
		unsigned char c = (unsigned char)value[i];
		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, c);
	}
	buf_add_text(out, len > QUOTE_MAX ? "...\"" : "\"");
}

void
config_key_text(const struct config_key *key, struct buf *out)
{
	if (key->section[0] != '\0')
		buf_printf(out, "[%s] ", key->section);
	buf_add_text(out, key->name);
}

static const struct config_key *
find_key(const struct config *config, struct bytes section, struct bytes name)
{
	for (size_t i = 0; i < config->count; i++)
		if (bytes_equal_nocase(section, bytes_text(config->keys[i].section)) &&
		    bytes_equal_nocase(name, bytes_text(config->keys[i].name)))
			return &config->keys[i];
	return NULL;
}

/* The first key of a section, or NULL; its value keeps where the section stands. */
static const struct config_key *
find_section(const struct config *config, struct bytes section)
{
	for (size_t i = 0; i < config->count; i++)
		if (bytes_equal_nocase(section, bytes_text(config->keys[i].section)))
			return &config->keys[i];
	return NULL;
}

static struct value *
value_of(const struct config *config, const struct config_key *key)
{
	return &config->values[key - config->keys];
}

/* A file that is being read, and how far. */
struct reader {
	struct config *config;
	unsigned line;
	const char *section;
};

static int line_fault(const struct reader *reader, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
line_fault(const struct reader *reader, struct error *err, const char *format, ...)
{
	char text[ERROR_TEXT_MAX / 2];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(err, ERR_CONFIG, "%s:%u: %s", reader->config->name, reader->line, text);
}

struct bytes
config_trim(struct bytes text)
{
	while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
		text = bytes_of(text.ptr + 1, text.len - 1);
	while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static bool
is_name(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i] | 0x20; /* a letter in lower case */
		if (!(c >= 'a' && c <= 'z') && !(text.ptr[i] >= '0' && text.ptr[i] <= '9'))
			return false;
	}
	return text.len > 0 && text.len <= NAME_MAX_BYTES;
}

static int
read_section(struct reader *reader, struct bytes line, struct error *err)
{
	struct bytes name = config_trim(bytes_of(line.ptr + 1, line.len - 1));
	const struct config_key *key;
	struct value *value;

	if (name.len == 0 || name.ptr[name.len - 1] != ']')
		return line_fault(reader, err, "expected \"]\" at the end of a section's line");
	name.len--;
	name = config_trim(name);
	if (!is_name(name))
		return line_fault(reader, err, "expected a section's name of letters and digits");
	key = find_section(reader->config, name);
	if (key == NULL)
		return line_fault(
		    reader, err, "unknown section [%.*s]", (int)name.len, (const char *)name.ptr);
	value = value_of(reader->config, key);
	if (value->section_line != 0)
		return line_fault(reader, err, "section [%s] repeated, first on line %u",
		    key->section, value->section_line);
	value->section_line = reader->line;
	reader->section = key->section;
	return 0;
}

/* "8 ; workers" is surely meant as a comment, which only a line of its own can be. */
static bool
has_comment(struct bytes value)
{
	for (size_t i = 1; i < value.len; i++)
		if ((value.ptr[i] == '#' || value.ptr[i] == ';') &&
		    strchr(BLANKS, value.ptr[i - 1]) != NULL)
			return true;
	return false;
}

static int
unknown_key(const struct reader *reader, struct bytes name, struct error *err)
{
	if (reader->section[0] == '\0')
		return line_fault(reader, err, "unknown key %.*s before the first section",
		    (int)name.len, (const char *)name.ptr);
	return line_fault(reader, err, "unknown key %.*s in [%s]", (int)name.len,
	    (const char *)name.ptr, reader->section);
}

static int
read_key(struct reader *reader, struct bytes line, struct error *err)
{
	const uint8_t *equals = memchr(line.ptr, '=', line.len);
	const struct config_key *key;
	struct bytes name, text;
	struct value *value;

	if (equals == NULL)
		return line_fault(reader, err, "expected \"Key = value\" or \"[Section]\"");
	name = config_trim(bytes_of(line.ptr, (size_t)(equals - line.ptr)));
	text = config_trim(bytes_of(equals + 1, line.len - (size_t)(equals - line.ptr) - 1));
	if (!is_name(name))
		return line_fault(reader, err, "expected a key of letters and digits before \"=\"");
	key = find_key(reader->config, bytes_text(reader->section), name);
	if (key == NULL)
		return unknown_key(reader, name, err);
	value = value_of(reader->config, key);
	if (value->text != NULL)
		return line_fault(
		    reader, err, "key %s repeated, first on line %u", key->name, value->line);
	if (has_comment(text))
		return line_fault(
		    reader, err, "%s: a comment must stand on a line of its own", key->name);
	value->line = reader->line;
	return text_set(&value->text, text, err);
}

static int
read_line(struct reader *reader, struct bytes line, struct error *err)
{
	if (line.len > CONFIG_LINE_MAX)
		return line_fault(
		    reader, err, "line of %zu bytes, at most %d", line.len, CONFIG_LINE_MAX);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	for (size_t i = 0; i < line.len; i++)
		if ((line.ptr[i] < 0x20 && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
			return line_fault(reader, err, "control character 0x%02x at column %zu",
			    line.ptr[i], i + 1);
	line = config_trim(line);
	if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == ';')
		return 0;
	return line.ptr[0] == '[' ? read_section(reader, line, err) : read_key(reader, line, err);
}

int
config_parse(struct config *config, struct bytes text, struct error *err)
{
	struct reader reader = { .config = config, .line = 1, .section = "" };

	if (text.len > CONFIG_FILE_MAX)
		return error_set(
		    err, ERR_CONFIG, "%s: more than %d bytes", config->name, CONFIG_FILE_MAX);
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
		return line_fault(
		    &reader, err, "begins with a byte order mark, expected plain text");
	while (text.len > 0) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;
		size_t used = end != NULL ? len + 1 : len;

		if (read_line(&reader, bytes_of(text.ptr, len), err) < 0)
			return -1;
		text = bytes_of(text.ptr + used, text.len - used);
		reader.line++;
	}
	return 0;
}

/* One byte more than allowed is read, so that config_parse sees a file that is too large. */
static int
read_all(int fd, struct buf *text)
{
	uint8_t chunk[4096];

	while (text->len <= CONFIG_FILE_MAX) {
		ssize_t len = read(fd, chunk, sizeof(chunk));
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return (int)len;
		buf_add(text, bytes_of(chunk, (size_t)len));
	}
	return 0;
}

int
config_read(struct config *config, const char *path, struct error *err)
{
	cleanup(buf_release) struct buf text = BUF_INIT(CONFIG_FILE_MAX + 4096);
	/* O_NONBLOCK: a FIFO must not hang us before it is refused. */
	cleanup(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", config->name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_CONFIG, "%s: not a regular file", config->name);
	if (read_all(fd, &text) < 0)
		return error_set(err, ERR_CONFIG, "%s: %s", config->name, strerror(errno));
	if (buf_failed(&text))
		return no_memory(err);
	return config_parse(config, buf_bytes(&text), err);
}

/*
 * Splits "PREFIX__Section__Key=value" into its three parts, ":" and "__" being alike;
 * false when the variable is none of ours.
 */
static bool
split_variable(const char *variable, const char *prefix, struct bytes *section, struct bytes *key)
{
	size_t len = strlen(prefix);
	const char *end = strchr(variable, '=');
	const char *start = variable + len;

	if (end == NULL || strncasecmp(variable, prefix, len) != 0)
		return false;
	if (start[0] == ':')
		start += 1;
	else if (start[0] == '_' && start[1] == '_')
		start += 2;
	else
		return false;
	*section = bytes_of(start, 0);
	*key = bytes_of(start, (size_t)(end - start));
	for (const char *p = start; p < end; p++) {
		size_t skip = *p == ':' ? 1 : p[0] == '_' && p[1] == '_' ? 2 : 0;
		if (skip == 0)
			continue;
		*section = bytes_of(start, (size_t)(p - start));
		*key = bytes_of(p + skip, (size_t)(end - p) - skip);
		break;
	}
	return true;
}

static int
take_variable(
    struct config *config, const struct config_key *key, const char *variable, struct error *err)
{
	struct value *value = value_of(config, key);
	size_t name_len = strcspn(variable, "=");
	struct bytes text = config_trim(bytes_text(variable + name_len + 1));
	cleanup(buf_release) struct buf name = BUF_INIT(CONFIG_LINE_MAX);

	buf_add(&name, bytes_of(variable, name_len));
	if (text.len > CONFIG_LINE_MAX)
		return error_set(err, ERR_CONFIG, "environment %s: %zu bytes, at most %d",
		    buf_text(&name), text.len, CONFIG_LINE_MAX);
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] < 0x20 && text.ptr[i] != '\t') || text.ptr[i] == 0x7f)
			return error_set(err, ERR_CONFIG,
			    "environment %s: control character 0x%02x", buf_text(&name),
			    text.ptr[i]);
	if (value->variable != NULL && !bytes_equal_text(text, value->text))
		return error_set(err, ERR_CONFIG,
		    "environment %s and %s: both are set, to different values", value->variable,
		    buf_text(&name));
	value->line = 0;
	if (text_set(&value->text, text, err) < 0)
		return -1;
	return text_set(&value->variable, buf_bytes(&name), err);
}

int
config_environment(
    struct config *config, const char *prefix, char *const *environment, struct error *err)
{
	for (; *environment != NULL; environment++) {
		const struct config_key *key;
		struct bytes section, name;

		if (!split_variable(*environment, prefix, &section, &name))
			continue;
		key = find_key(config, section, name);
		if (key != NULL && take_variable(config, key, *environment, err) < 0)
			return -1;
	}
	return 0;
}

void
config_print_ignored(
    const struct config *config, const char *prefix, char *const *environment, FILE *to)
{
	for (; *environment != NULL; environment++) {
		cleanup(buf_release) struct buf quoted = BUF_INIT(CONFIG_LINE_MAX);
		cleanup(buf_release) struct buf variable = BUF_INIT(CONFIG_LINE_MAX);
		struct bytes section, name;

		if (!split_variable(*environment, prefix, &section, &name) ||
		    find_key(config, section, name) != NULL)
			continue;
		buf_add(&variable, bytes_of(*environment, strcspn(*environment, "=")));
		config_quote(buf_text(&variable), &quoted);
		(void)fprintf(to, "ignored: environment %s, no such setting\n", buf_text(&quoted));
	}
}

const struct config_key *
config_keys(const struct config *config, size_t *count)
{
	*count = config->count;
	return config->keys;
}

const struct config_key *
config_find(const struct config *config, const char *section, const char *name)
{
	return find_key(config, bytes_text(section), bytes_text(name));
}

const char *
config_value(const struct config *config, const struct config_key *key)
{
	return value_of(config, key)->text;
}

void
config_where(const struct config *config, const struct config_key *key, struct buf *out)
{
	const struct value *value = value_of(config, key);

	if (value->variable != NULL)
		buf_printf(out, "environment %s", value->variable);
	else if (value->text != NULL)
		buf_printf(out, "%s:%u", config->name, value->line);
	else
		buf_add_text(out, config->name);
}

int
config_fault(const struct config *config, const struct config_key *key, struct error *err,
    const char *format, ...)
{
	cleanup(buf_release) struct buf where = BUF_INIT(FAULT_MAX);
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_where(config, key, &where);
	buf_add_text(&where, ": ");
	config_key_text(key, &where);
	return error_set(err, ERR_CONFIG, "%s: %s", buf_text(&where), text);
}
