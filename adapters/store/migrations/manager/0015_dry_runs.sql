-- Whether a run of the synchronisation command only compared.
ALTER TABLE sync_runs ADD COLUMN dry_run BIGINT NOT NULL DEFAULT 0;
