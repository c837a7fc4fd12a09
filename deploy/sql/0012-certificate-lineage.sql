-- compatible-from: 0.1.0
-- For the revocation of a whole lineage. Nobody waits while it is built: 100 000 rows take a second.
ALTER TABLE certificate
	ADD KEY IF NOT EXISTS certificate_lineage (lineage, issued_at),
	LOCK=NONE
