#ifndef API_MANAGEMENT_AUDIT_LOGS_NAMES_H
#define API_MANAGEMENT_AUDIT_LOGS_NAMES_H

#include <stdbool.h>

#include "store/audit_find.h"

/*
 * CZERTAINLY's enumerations of its audit log, out of what our rows hold. What certwright does
 * fits a few of their values; what fits none gets the nearest (certwright-api(7)).
 */

/* "FAILURE" of what was refused or failed, else "SUCCESS". */
const char *audit_logs_status(const struct audit_head *head);

/* "LOCALHOST" of commands, "CLIENT" of requests. */
const char *audit_logs_origination(const struct audit_head *head);

/* Of the object's type: "SCEP_PROFILE", "CERTIFICATE"; "BE" where there is none. */
const char *audit_logs_affected(const struct audit_head *head);

/* The only type of object that is shown so; NULL: none, or several. */
const char *audit_logs_object_type(const char *affected);

/* Of the action's last word: "CREATE", "UPDATE"; "CHANGE" where there is none. */
const char *audit_logs_operation(const struct audit_head *head);

/* Whether the value is one of the published ones. */
bool audit_logs_is_status(const char *value);
bool audit_logs_is_module(const char *value);
bool audit_logs_is_operation(const char *value);

#endif
