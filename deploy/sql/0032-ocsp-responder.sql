-- compatible-from: 0.1.0
-- Delegated OCSP responders of CA generations. The certificate's own row has the same id; its private key
-- (PKCS#8) is sealed under the keyring.
CREATE TABLE IF NOT EXISTS ocsp_responder (
	id BINARY(16) NOT NULL,
	generation_id BINARY(16) NOT NULL,
	certificate BLOB NOT NULL,
	private_key VARBINARY(2048) NOT NULL,
	not_before DATETIME NOT NULL,
	not_after DATETIME NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (id),
	KEY ocsp_responder_generation (generation_id, not_after),
	CONSTRAINT ocsp_responder_of FOREIGN KEY (generation_id) REFERENCES authority_generation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
