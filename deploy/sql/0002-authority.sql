-- compatible-from: 0.1.0
CREATE TABLE IF NOT EXISTS authority (
	id BINARY(16) NOT NULL,
	name VARCHAR(32) CHARACTER SET ascii NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY authority_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
