-- compatible-from: 0.1.0
-- renewals and lineage_compromised are state columns. At the end and without a key they cost an entry
-- in the dictionary; with the key in the same statement the table would be copied.
ALTER TABLE certificate
	ADD COLUMN IF NOT EXISTS renewals INT UNSIGNED NOT NULL DEFAULT 0,
	ADD COLUMN IF NOT EXISTS lineage_compromised BOOLEAN NOT NULL DEFAULT FALSE,
	ADD COLUMN IF NOT EXISTS requester_certificate BINARY(16) NULL,
	LOCK=NONE
