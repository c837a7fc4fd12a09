-- compatible-from: 0.1.0
-- Certificates of registration authorities with the managed key of each: what SCEP profiles decrypt with.
CREATE TABLE IF NOT EXISTS ra_certificate (
	certificate_id BINARY(16) NOT NULL,
	authority_id BINARY(16) NOT NULL,
	key_id BINARY(16) NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (certificate_id),
	CONSTRAINT ra_certificate_row FOREIGN KEY (certificate_id) REFERENCES certificate (id),
	CONSTRAINT ra_certificate_authority FOREIGN KEY (authority_id) REFERENCES authority (id),
	CONSTRAINT ra_certificate_key FOREIGN KEY (key_id) REFERENCES managed_key (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
