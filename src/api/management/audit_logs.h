#ifndef API_MANAGEMENT_AUDIT_LOGS_H
#define API_MANAGEMENT_AUDIT_LOGS_H

#include "http/router.h"

/*
 * GET /api/v1/auditLogs: CZERTAINLY's filters and pages, newest rows first, and a
 * continuationToken for what lies beyond the rows that one request looks at.
 */
route_handler audit_logs_get;

#endif
