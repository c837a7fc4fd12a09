-- compatible-from: 0.1.0
-- The generation whose CRLs carry the event; NULL where a worker of an older version wrote it, until the
-- next CRL is published.
ALTER TABLE revocation_event
	ADD COLUMN IF NOT EXISTS generation_id BINARY(16) NULL
