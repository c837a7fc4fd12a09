-- compatible-from: 0.1.0
CREATE TABLE IF NOT EXISTS certificate_group (
	id BINARY(16) NOT NULL,
	name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	description VARCHAR(1024) NULL,
	email VARCHAR(320) NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY certificate_group_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
