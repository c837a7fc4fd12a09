-- compatible-from: 0.1.0
-- Append-only; the certificate's state columns mirror its last event. crl_number is the CRL that
-- first carried it.
CREATE TABLE IF NOT EXISTS revocation_event (
	id BINARY(16) NOT NULL,
	certificate_id BINARY(16) NOT NULL,
	action ENUM('hold', 'release', 'revoke') CHARACTER SET ascii NOT NULL,
	reason TINYINT UNSIGNED NOT NULL,
	at DATETIME NOT NULL,
	actor VARCHAR(128) NOT NULL,
	remote_address VARCHAR(45) CHARACTER SET ascii NOT NULL,
	request_id BINARY(16) NULL,
	comment VARCHAR(1024) NULL,
	crl_number BIGINT UNSIGNED NULL,
	PRIMARY KEY (id),
	KEY revocation_event_certificate (certificate_id),
	CONSTRAINT revocation_event_of FOREIGN KEY (certificate_id) REFERENCES certificate (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
