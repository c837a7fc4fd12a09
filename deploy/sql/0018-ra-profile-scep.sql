-- compatible-from: 0.1.0
-- Which SCEP profile is active on an RA profile. Such a row keeps the SCEP profile from being deleted.
CREATE TABLE IF NOT EXISTS ra_profile_scep (
	ra_profile_id BINARY(16) NOT NULL,
	scep_profile_id BINARY(16) NOT NULL,
	issue_attributes JSON NOT NULL,
	activated_at DATETIME NOT NULL,
	PRIMARY KEY (ra_profile_id),
	CONSTRAINT ra_profile_scep_ra FOREIGN KEY (ra_profile_id) REFERENCES ra_profile (id),
	CONSTRAINT ra_profile_scep_profile FOREIGN KEY (scep_profile_id) REFERENCES scep_profile (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
