-- compatible-from: 0.1.0
CREATE TABLE IF NOT EXISTS certificate_group_member (
	group_id BINARY(16) NOT NULL,
	certificate_id BINARY(16) NOT NULL,
	PRIMARY KEY (group_id, certificate_id),
	KEY certificate_group_member_of (certificate_id),
	CONSTRAINT group_member_group FOREIGN KEY (group_id) REFERENCES certificate_group (id)
		ON DELETE CASCADE,
	CONSTRAINT group_member_certificate FOREIGN KEY (certificate_id) REFERENCES certificate (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
