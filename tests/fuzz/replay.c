/*
 * Runs a fuzz target over its corpus, without libFuzzer: every file of the folders and
 * every file named on the command line, or of srcdir/tests/fuzz/corpus/NAME for fuzz_NAME.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20, NAME_MAX_LEN = 4096 };

static void
close_file(FILE *file)
{
	(void)fclose(file);
}

static void
close_dir(DIR *dir)
{
	(void)closedir(dir);
}

DEFINE_CLEANUP(FILE *, close_file)
DEFINE_CLEANUP(DIR *, close_dir)

/* Returns how many inputs were run: 1, or -1 where the file cannot be read. */
static int
replay_file(const char *path)
{
	static uint8_t input[INPUT_MAX];
	cleanup(close_filep) FILE *file = fopen(path, "rb");
	uint8_t *copy;
	size_t size;

	if (file == NULL) {
		perror(path);
		return -1;
	}
	size = fread(input, 1, sizeof(input), file);
	/* A copy of the very size lets the sanitizer see a read behind its end. */
	copy = malloc(size > 0 ? size : 1);
	if (copy == NULL)
		return -1;
	memcpy(copy, input, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	return 1;
}

static int
replay_folder(const char *path)
{
	cleanup(close_dirp) DIR *dir = opendir(path);
	const struct dirent *entry;
	int count = 0;

	if (dir == NULL) {
		perror(path);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		char name[NAME_MAX_LEN];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (replay_file(name) < 0)
			return -1;
		count++;
	}
	return count;
}

static int
replay_path(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? replay_folder(path)
							       : replay_file(path);
}

/* The corpus of the program's own name, where the build system keeps it. */
static int
replay_own_corpus(const char *program)
{
	const char *srcdir = getenv("srcdir");
	const char *slash = strrchr(program, '/');
	const char *name = slash != NULL ? slash + 1 : program;
	char path[NAME_MAX_LEN];

	if (strncmp(name, "fuzz_", strlen("fuzz_")) != 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".",
	    name + strlen("fuzz_"));
	return replay_folder(path);
}

int
main(int argc, char **argv)
{
	int count = argc < 2 ? replay_own_corpus(argv[0]) : 0;

	for (int i = 1; i < argc && count >= 0; i++) {
		int more = replay_path(argv[i]);

		count = more < 0 ? -1 : count + more;
	}
	if (count <= 0) {
		(void)fprintf(stderr, "%s: no corpus was replayed\n", argv[0]);
		return EXIT_FAILURE;
	}
	(void)printf("replayed %d inputs\n", count);
	return EXIT_SUCCESS;
}
