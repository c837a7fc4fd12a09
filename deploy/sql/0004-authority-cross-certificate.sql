-- compatible-from: 0.1.0
CREATE TABLE IF NOT EXISTS authority_cross_certificate (
	issuer_generation_id BINARY(16) NOT NULL,
	subject_generation_id BINARY(16) NOT NULL,
	serial VARBINARY(20) NOT NULL,
	certificate BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	PRIMARY KEY (issuer_generation_id, subject_generation_id),
	CONSTRAINT cross_issuer FOREIGN KEY (issuer_generation_id)
		REFERENCES authority_generation (id),
	CONSTRAINT cross_subject FOREIGN KEY (subject_generation_id)
		REFERENCES authority_generation (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4
