-- compatible-from: 0.1.0
-- changed_at is the database's own, whichever version of the program writes the row: a profile that was
-- disabled for long and is unchanged since issues nothing, so that its row may be deleted.
ALTER TABLE ra_profile
	ADD COLUMN IF NOT EXISTS custom_attributes JSON NULL,
	ADD COLUMN IF NOT EXISTS changed_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
		ON UPDATE CURRENT_TIMESTAMP(6),
	LOCK=NONE
