-- compatible-from: 0.1.0
-- Cluster jobs of `certwright maintain`: who runs one now and until when (by the database's clock), and
-- how the last run ended. The token grows with each claim; a holder whose token is not the row's comes late.
CREATE TABLE IF NOT EXISTS job (
	name VARCHAR(64) CHARACTER SET ascii NOT NULL,
	holder VARCHAR(128) NOT NULL,
	token BIGINT UNSIGNED NOT NULL,
	checks BIGINT UNSIGNED NOT NULL,
	lease_until DATETIME(3) NULL,
	started_at DATETIME(3) NULL,
	ended_at DATETIME(3) NULL,
	succeeded_at DATETIME(3) NULL,
	result ENUM('done', 'failed') CHARACTER SET ascii NULL,
	detail VARCHAR(512) NULL,
	PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
