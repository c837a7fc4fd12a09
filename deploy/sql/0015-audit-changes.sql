-- compatible-from: 0.1.0
-- What was changed, as a JSON object of members with "before" and "after"; secrets are only "changed".
ALTER TABLE audit
	ADD COLUMN IF NOT EXISTS changes MEDIUMTEXT NULL,
	LOCK=NONE
