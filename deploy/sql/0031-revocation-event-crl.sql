-- compatible-from: 0.1.0
-- What is new since a CRL: delta CRLs and publication after a revocation look here.
ALTER TABLE revocation_event
	ADD KEY IF NOT EXISTS revocation_event_crl (generation_id, crl_number),
	LOCK=NONE
