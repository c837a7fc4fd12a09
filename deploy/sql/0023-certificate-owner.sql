-- compatible-from: 0.1.0
-- Few certificates have an owner, so a table of those that do: a key on a column of certificate would
-- cost each issuing an entry that says nothing.
CREATE TABLE IF NOT EXISTS certificate_owner (
	certificate_id BINARY(16) NOT NULL,
	owner VARCHAR(256) NOT NULL,
	PRIMARY KEY (certificate_id),
	KEY certificate_owner_name (owner, certificate_id),
	CONSTRAINT certificate_owner_of FOREIGN KEY (certificate_id) REFERENCES certificate (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
