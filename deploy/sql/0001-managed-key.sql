-- compatible-from: 0.1.0
CREATE TABLE IF NOT EXISTS managed_key (
	id BINARY(16) NOT NULL,
	name VARCHAR(64) CHARACTER SET ascii NOT NULL,
	algorithm VARCHAR(16) CHARACTER SET ascii NOT NULL,
	bits SMALLINT UNSIGNED NOT NULL,
	uri VARCHAR(1024) NOT NULL,
	passphrase_file VARCHAR(1024) NULL,
	public_key VARBINARY(2048) NOT NULL,
	usages VARCHAR(64) CHARACTER SET ascii NOT NULL,
	state ENUM('active', 'retired') CHARACTER SET ascii NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY managed_key_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
