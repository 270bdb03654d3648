-- Frozen: a later change is a new file.
-- How often the servers below were asked to tell everything once more, because a record of one was deleted.
ALTER TABLE server ADD COLUMN rollup_resets BIGINT NOT NULL DEFAULT 0;
