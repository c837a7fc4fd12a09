#ifndef BASE_SECRET_FILE_H
#define BASE_SECRET_FILE_H

#include "base/error.h"

enum { SECRET_FILE_MAX = 512 };

/* The first line of a file, without its end; secret_file_wipe it when it is not needed any more. */
struct secret_file {
	char text[SECRET_FILE_MAX];
};

void secret_file_wipe(struct secret_file *secret);

/*
 * Reads the first line of a regular file that is ours or root's, and open to nobody else.
 * ERR_CONFIG names the path, also for a line that is too long or holds a NUL.
 */
int secret_file_read(const char *path, struct secret_file *out, struct error *err);

#endif
