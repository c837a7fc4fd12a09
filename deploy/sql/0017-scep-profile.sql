-- compatible-from: 0.1.0
-- ca_certificate_id is a row of certificate (an RA certificate) or a generation whose CA key was made
-- for SCEP. challenge_password and intune_application_key are sealed under the keyring.
CREATE TABLE IF NOT EXISTS scep_profile (
	id BINARY(16) NOT NULL,
	name VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	description VARCHAR(1024) NULL,
	enabled BOOLEAN NOT NULL,
	revision INT UNSIGNED NOT NULL,
	ra_profile_id BINARY(16) NULL,
	ca_certificate_id BINARY(16) NOT NULL,
	renewal_threshold INT NULL,
	include_ca_certificate BOOLEAN NOT NULL,
	include_ca_chain BOOLEAN NOT NULL,
	challenge_password VARBINARY(2048) NULL,
	enable_intune BOOLEAN NOT NULL,
	intune_tenant VARCHAR(255) NULL,
	intune_application_id VARCHAR(255) NULL,
	intune_application_key VARBINARY(2048) NULL,
	issue_attributes JSON NOT NULL,
	custom_attributes JSON NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY scep_profile_name (name),
	CONSTRAINT scep_profile_ra FOREIGN KEY (ra_profile_id) REFERENCES ra_profile (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
