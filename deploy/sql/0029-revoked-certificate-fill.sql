-- compatible-from: 0.1.0
INSERT INTO revoked_certificate
	(generation_id, serial, certificate_id, not_after, revoked_at, reason)
SELECT generation_id, serial, id, not_after, revoked_at, revocation_reason
FROM certificate WHERE status <> 'good'
ON DUPLICATE KEY UPDATE revoked_at = VALUES(revoked_at), reason = VALUES(reason)
