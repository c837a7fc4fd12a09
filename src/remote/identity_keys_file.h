#ifndef REMOTE_IDENTITY_KEYS_FILE_H
#define REMOTE_IDENTITY_KEYS_FILE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

/*
 * StateDir/identity-keys.json and its lock. The file is
 *   {"version":1,"issuers":{ISSUER:{"fetched_at":N,"keys":[{kty,kid,n,e,last_seen}]}}}
 */

/* Whether the file at hand is the one that was read before. */
bool identity_keys_file_is_same(const struct stat *a, const struct stat *b);

/* Looks at the file without opening it; all zero where there is none. */
struct stat identity_keys_file_look(const char *dir);

/*
 * Reads the object of the issuers. Refused unless it is a regular file of ours or
 * root's that nobody else can write, whole and well formed. ERR_IDENTITY_KEYS names
 * the file and the rule. On success *out belongs to the caller, *seen is what was read.
 */
int identity_keys_file_read(
    const char *dir, struct json_object **out, struct stat *seen, struct error *err);

/* Replaces the file by one with these issuers: written whole, synced, renamed. */
int identity_keys_file_write(const char *dir, struct json_object *issuers, struct error *err);

/* Takes the lock, waiting for it; it ends when *fd is closed. The caller closes *fd. */
int identity_keys_file_lock(const char *dir, int *fd, struct error *err);

/* When somebody last tried to fetch, by the lock file; 0: never. */
int64_t identity_keys_file_attempted_at(int fd);
int identity_keys_file_set_attempted_at(int fd, int64_t when, struct error *err);

#endif
