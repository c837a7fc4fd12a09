-- compatible-from: 0.1.0
-- The DER of a CRL in parts of at most 1 MiB; parts without a row in crl are of a publication that failed.
CREATE TABLE IF NOT EXISTS crl_part (
	crl_id BINARY(16) NOT NULL,
	part INT UNSIGNED NOT NULL,
	created_at DATETIME NOT NULL,
	data MEDIUMBLOB NOT NULL,
	PRIMARY KEY (crl_id, part)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
