-- compatible-from: 0.1.0
-- While a lineage's gate is closed nothing is issued on the authority of its members. Whoever revokes
-- or holds a whole lineage closes it first: on a Galera cluster each issue would undo that work.
CREATE TABLE IF NOT EXISTS lineage_gate (
	lineage BINARY(16) NOT NULL,
	closed BOOLEAN NOT NULL,
	PRIMARY KEY (lineage)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
