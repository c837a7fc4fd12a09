-- compatible-from: 0.1.0
ALTER TABLE ra_profile_enroller
	MODIFY COLUMN kind ENUM('role', 'application', 'principal', 'ra_profile', 'certificate')
		CHARACTER SET ascii NOT NULL
