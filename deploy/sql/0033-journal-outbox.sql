-- compatible-from: 0.1.0
-- Events whose line the issuance journal ([Server] IssuedLog) lacks: added in the event's own transaction,
-- deleted when the line is on the disk. Beside the event it holds what the line needs and no row has.
CREATE TABLE IF NOT EXISTS journal_outbox (
	event_id BINARY(16) NOT NULL,
	sequence INT UNSIGNED NOT NULL,
	whole_lineage BOOLEAN NOT NULL,
	added_at DATETIME(3) NOT NULL,
	PRIMARY KEY (event_id),
	CONSTRAINT journal_outbox_of FOREIGN KEY (event_id) REFERENCES revocation_event (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
