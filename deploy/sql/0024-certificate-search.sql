-- compatible-from: 0.1.0
-- What certificates are looked up by: each key is walked in its own order, so a page costs the same
-- wherever it starts. Nobody waits while they are built.
ALTER TABLE certificate
	ADD KEY IF NOT EXISTS certificate_common_name (common_name),
	ADD KEY IF NOT EXISTS certificate_ra_profile (ra_profile_id),
	ADD KEY IF NOT EXISTS certificate_not_after (not_after),
	LOCK=NONE
