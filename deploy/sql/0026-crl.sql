-- compatible-from: 0.1.0
-- Published CRLs. The row comes last, when all its parts are there; base_number is of a delta CRL.
CREATE TABLE IF NOT EXISTS crl (
	id BINARY(16) NOT NULL,
	generation_id BINARY(16) NOT NULL,
	number BIGINT UNSIGNED NOT NULL,
	base_number BIGINT UNSIGNED NULL,
	this_update DATETIME NOT NULL,
	next_update DATETIME NOT NULL,
	entries INT UNSIGNED NOT NULL,
	size INT UNSIGNED NOT NULL,
	sha256 BINARY(32) NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY crl_number (generation_id, number),
	CONSTRAINT crl_generation FOREIGN KEY (generation_id) REFERENCES authority_generation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
