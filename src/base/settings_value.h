#ifndef BASE_SETTINGS_VALUE_H
#define BASE_SETTINGS_VALUE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Checks of single values, for the table of settings: false when the value is not
 * acceptable, else its normal form is appended to out.
 */
bool settings_value_guid(const char *value, struct buf *out);
bool settings_value_name(const char *value, struct buf *out);
bool settings_value_path(const char *value, struct buf *out);
bool settings_value_socket(const char *value, struct buf *out);
bool settings_value_https_url(const char *value, struct buf *out);
bool settings_value_http_url(const char *value, struct buf *out);
bool settings_value_authority(const char *value, struct buf *out);
bool settings_value_issuer(const char *value, struct buf *out);
bool settings_value_host(const char *value, struct buf *out);
bool settings_value_network(const char *value, struct buf *out);
bool settings_value_verify_result(const char *value, struct buf *out);
bool settings_value_est_cacerts(const char *value, struct buf *out);
bool settings_value_crl_source(const char *value, struct buf *out);
bool settings_value_url_token(const char *value, struct buf *out);
bool settings_value_unknown_serial(const char *value, struct buf *out);
bool settings_value_fingerprint(const char *value, struct buf *out);
bool settings_value_grant(const char *value, struct buf *out);
bool settings_value_eku(const char *value, struct buf *out);
bool settings_value_certificate_type(const char *value, struct buf *out);
bool settings_value_log_target(const char *value, struct buf *out);
bool settings_value_log_level(const char *value, struct buf *out);

#endif
