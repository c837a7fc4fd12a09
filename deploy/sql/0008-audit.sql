-- compatible-from: 0.1.0
CREATE TABLE IF NOT EXISTS audit (
	id BINARY(16) NOT NULL,
	at DATETIME(3) NOT NULL,
	actor VARCHAR(128) NOT NULL,
	remote_address VARCHAR(45) CHARACTER SET ascii NOT NULL,
	request_id BINARY(16) NULL,
	action VARCHAR(64) CHARACTER SET ascii NOT NULL,
	object_type VARCHAR(32) CHARACTER SET ascii NOT NULL,
	object_name VARCHAR(256) NOT NULL,
	outcome VARCHAR(16) CHARACTER SET ascii NOT NULL,
	detail VARCHAR(4096) NOT NULL,
	PRIMARY KEY (id),
	KEY audit_at (at),
	KEY audit_object (object_type, object_name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
