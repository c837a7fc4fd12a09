-- compatible-from: 0.1.0
CREATE TABLE IF NOT EXISTS ra_profile_enroller (
	ra_profile_id BINARY(16) NOT NULL,
	kind ENUM('role', 'application', 'principal', 'ra_profile') CHARACTER SET ascii NOT NULL,
	value VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	PRIMARY KEY (ra_profile_id, kind, value),
	CONSTRAINT enroller_profile FOREIGN KEY (ra_profile_id) REFERENCES ra_profile (id)
		ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
