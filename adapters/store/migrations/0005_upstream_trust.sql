-- Frozen: a later change is a new file.

-- The authority whose certificates the upstream server may have, in PEM; NULL for the public ones.
ALTER TABLE upstream ADD COLUMN ca_pem TEXT;

-- Files arrive apart from runs.
ALTER TABLE upstream_runs DROP COLUMN files_fetched;
ALTER TABLE upstream_runs DROP COLUMN bytes_fetched;
