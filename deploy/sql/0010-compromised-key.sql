-- compatible-from: 0.1.0
-- Public keys of certificates that were revoked for keyCompromise: none is certified again.
CREATE TABLE IF NOT EXISTS compromised_key (
	spki_hash BINARY(32) NOT NULL,
	certificate_id BINARY(16) NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (spki_hash),
	CONSTRAINT compromised_key_of FOREIGN KEY (certificate_id) REFERENCES certificate (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
