-- compatible-from: 0.1.0
-- What a CRL lists, in its order: certificates on hold or revoked, changed together with their rows. A CRL is
-- one walk over it, however many good certificates there are; no key on certificate pays for that.
-- certificate_id is NULL for a serial that only a published CRL told of (certwright recover).
CREATE TABLE IF NOT EXISTS revoked_certificate (
	generation_id BINARY(16) NOT NULL,
	serial VARBINARY(20) NOT NULL,
	certificate_id BINARY(16) NULL,
	not_after DATETIME NOT NULL,
	revoked_at DATETIME NOT NULL,
	reason TINYINT UNSIGNED NOT NULL,
	PRIMARY KEY (generation_id, serial)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
