-- compatible-from: 0.1.0
-- Definitions; the values are one JSON column of each object. resources holds names by comma.
CREATE TABLE IF NOT EXISTS custom_attribute (
	id BINARY(16) NOT NULL,
	name VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	label VARCHAR(255) NOT NULL,
	description VARCHAR(1024) NULL,
	content_type VARCHAR(16) CHARACTER SET ascii NOT NULL,
	resources VARCHAR(255) CHARACTER SET ascii NOT NULL,
	attribute_group VARCHAR(255) NULL,
	is_required BOOLEAN NOT NULL,
	is_read_only BOOLEAN NOT NULL,
	is_visible BOOLEAN NOT NULL,
	is_list BOOLEAN NOT NULL,
	is_multi_select BOOLEAN NOT NULL,
	enabled BOOLEAN NOT NULL,
	content JSON NULL,
	revision INT UNSIGNED NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY custom_attribute_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
