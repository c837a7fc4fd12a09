-- Sample accounts for certwright; not a migration. Run once as the database's administrator, after
-- replacing the passwords (or IDENTIFIED VIA unix_socket, where the account is named as the
-- operating system's user) and narrowing '%' to the hosts that connect. The tables must exist
-- for the grants on them: run the part of certwright_migrate, then `certwright migrate`, then
-- the rest. One account with all of it works too.
CREATE DATABASE IF NOT EXISTS certwright CHARACTER SET utf8mb4;

-- certwright migrate: makes and changes tables.
CREATE USER IF NOT EXISTS certwright_migrate@'%' IDENTIFIED BY 'CHANGE-ME-1';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES
	ON certwright.* TO certwright_migrate@'%';

-- certwright serve: reads everything, records what it issues and revokes, and changes what the REST API
-- manages: profiles, attribute definitions, groups, owners. What a certificate was issued as cannot be
-- changed, only the state that follows; certificates, events, compromised keys and audit rows are never
-- deleted, authorities and keys never touched.
CREATE USER IF NOT EXISTS certwright_serve@'%' IDENTIFIED BY 'CHANGE-ME-2';
GRANT SELECT ON certwright.* TO certwright_serve@'%';
GRANT INSERT ON certwright.certificate TO certwright_serve@'%';
GRANT UPDATE (status, revoked_at, revocation_reason, attributes, renewals, lineage_compromised)
	ON certwright.certificate TO certwright_serve@'%';
GRANT INSERT ON certwright.revocation_event TO certwright_serve@'%';
GRANT INSERT, DELETE ON certwright.journal_outbox TO certwright_serve@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.revoked_certificate TO certwright_serve@'%';
GRANT INSERT ON certwright.compromised_key TO certwright_serve@'%';
GRANT INSERT, UPDATE ON certwright.lineage_gate TO certwright_serve@'%';
GRANT INSERT ON certwright.audit TO certwright_serve@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.ra_profile TO certwright_serve@'%';
GRANT INSERT, DELETE ON certwright.ra_profile_enroller TO certwright_serve@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.scep_profile TO certwright_serve@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.ra_profile_scep TO certwright_serve@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.custom_attribute TO certwright_serve@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.certificate_group TO certwright_serve@'%';
GRANT INSERT, DELETE ON certwright.certificate_group_member TO certwright_serve@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.certificate_owner TO certwright_serve@'%';

-- The jobs ([Database] MaintainUser), and the commands ca, ra, cert, key, profile, scep-profile and recover,
-- where AppConfig__Database__User and AppConfig__Database__PasswordFile in their environment name it: also
-- make authorities and keys. The job that exports and deletes what was kept long enough is why this
-- account may delete certificates, their events and audit rows.
CREATE USER IF NOT EXISTS certwright_maintain@'%' IDENTIFIED BY 'CHANGE-ME-3';
GRANT SELECT ON certwright.* TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.certificate TO certwright_maintain@'%';
GRANT UPDATE (status, revoked_at, revocation_reason, attributes, renewals, lineage_compromised)
	ON certwright.certificate TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.revocation_event TO certwright_maintain@'%';
GRANT UPDATE (crl_number, generation_id) ON certwright.revocation_event TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.journal_outbox TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.revoked_certificate TO certwright_maintain@'%';
GRANT INSERT, UPDATE ON certwright.job TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.crl TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.crl_part TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.ocsp_responder TO certwright_maintain@'%';
GRANT INSERT ON certwright.compromised_key TO certwright_maintain@'%';
GRANT INSERT, UPDATE ON certwright.lineage_gate TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.audit TO certwright_maintain@'%';
GRANT INSERT, UPDATE ON certwright.managed_key TO certwright_maintain@'%';
GRANT INSERT, UPDATE ON certwright.authority TO certwright_maintain@'%';
GRANT INSERT, UPDATE ON certwright.authority_generation TO certwright_maintain@'%';
GRANT INSERT ON certwright.authority_cross_certificate TO certwright_maintain@'%';
GRANT INSERT ON certwright.ra_certificate TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.ra_profile TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.ra_profile_enroller TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.scep_profile TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.ra_profile_scep TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.custom_attribute TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.certificate_group TO certwright_maintain@'%';
GRANT INSERT, DELETE ON certwright.certificate_group_member TO certwright_maintain@'%';
GRANT INSERT, UPDATE, DELETE ON certwright.certificate_owner TO certwright_maintain@'%';
