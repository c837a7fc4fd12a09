#ifndef CRYPTO_OIDS_H
#define CRYPTO_OIDS_H

/* Content octets of the object identifiers that we read and write, for DER_BYTES(). */
#define DER_OID_SUBJECT_KEY_ID "\x55\x1d\x0e"                     /* 2.5.29.14 */
#define DER_OID_KEY_USAGE "\x55\x1d\x0f"                          /* 2.5.29.15 */
#define DER_OID_SUBJECT_ALT_NAME "\x55\x1d\x11"                   /* 2.5.29.17 */
#define DER_OID_BASIC_CONSTRAINTS "\x55\x1d\x13"                  /* 2.5.29.19 */
#define DER_OID_CRL_NUMBER "\x55\x1d\x14"                         /* 2.5.29.20 */
#define DER_OID_CRL_REASON "\x55\x1d\x15"                         /* 2.5.29.21 */
#define DER_OID_DELTA_CRL "\x55\x1d\x1b"                          /* 2.5.29.27 */
#define DER_OID_ISSUING_POINT "\x55\x1d\x1c"                      /* 2.5.29.28 */
#define DER_OID_CRL_DISTRIBUTION "\x55\x1d\x1f"                   /* 2.5.29.31 */
#define DER_OID_FRESHEST_CRL "\x55\x1d\x2e"                       /* 2.5.29.46 */
#define DER_OID_AUTHORITY_KEY_ID "\x55\x1d\x23"                   /* 2.5.29.35 */
#define DER_OID_EXTENDED_KEY_USAGE "\x55\x1d\x25"                 /* 2.5.29.37 */
#define DER_OID_AUTHORITY_INFO "\x2b\x06\x01\x05\x05\x07\x01\x01" /* 1.3.6.1.5.5.7.1.1 */
#define DER_OID_OCSP "\x2b\x06\x01\x05\x05\x07\x30\x01"           /* 1.3.6.1.5.5.7.48.1 */
#define DER_OID_CA_ISSUERS "\x2b\x06\x01\x05\x05\x07\x30\x02"     /* 1.3.6.1.5.5.7.48.2 */
/* 1.3.6.1.5.5.7.48.1.1, .2, .5 and .9 (RFC 6960, 4.2.1, 4.4.1, 4.2.2.2.1, 4.4.8) */
#define DER_OID_OCSP_BASIC "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"
#define DER_OID_OCSP_NONCE "\x2b\x06\x01\x05\x05\x07\x30\x01\x02"
#define DER_OID_OCSP_NO_CHECK "\x2b\x06\x01\x05\x05\x07\x30\x01\x05"
#define DER_OID_OCSP_EXTENDED_REVOKE "\x2b\x06\x01\x05\x05\x07\x30\x01\x09"
/* 1.3.14.3.2.26 and 2.16.840.1.101.3.4.2.1: what CertIDs hash with */
#define DER_OID_SHA1 "\x2b\x0e\x03\x02\x1a"
#define DER_OID_SHA256 "\x60\x86\x48\x01\x65\x03\x04\x02\x01"
/* PKCS#9 extensionRequest 1.2.840.113549.1.9.14 and Microsoft's 1.3.6.1.4.1.311.2.1.14 */
#define DER_OID_EXTENSION_REQUEST "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e"
#define DER_OID_MS_EXTENSION_REQUEST "\x2b\x06\x01\x04\x01\x82\x37\x02\x01\x0e"
/* enrollment name-value pair 1.3.6.1.4.1.311.13.2.1 */
#define DER_OID_NAME_VALUE_PAIR "\x2b\x06\x01\x04\x01\x82\x37\x0d\x02\x01"
/* user principal name 1.3.6.1.4.1.311.20.2.3 */
#define DER_OID_UPN "\x2b\x06\x01\x04\x01\x82\x37\x14\x02\x03"
/* PKCS#7 content types: id-data 1.2.840.113549.1.7.1, id-signedData 1.2.840.113549.1.7.2 */
#define DER_OID_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
#define DER_OID_SIGNED_DATA "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"

#endif
