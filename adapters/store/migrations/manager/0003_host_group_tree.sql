-- Host groups stand beneath each other, and have members or a rule.
ALTER TABLE host_groups ADD COLUMN parent_id BIGINT REFERENCES host_groups (host_group_id);
-- Whether the WSUS group has only the group's own hosts, and not those of the groups beneath.
ALTER TABLE host_groups ADD COLUMN direct BIGINT NOT NULL DEFAULT 0;
-- One condition on each line.
ALTER TABLE host_groups ADD COLUMN rule TEXT;
-- Why nobody writes the members of the WSUS group until a plan is applied.
ALTER TABLE host_groups ADD COLUMN held TEXT;

-- What plans wrote, by host group, so that the members before them can be restored; `changes` is JSON.
CREATE TABLE applied_plans (
    plan_id          INTEGER PRIMARY KEY,
    host_group_id    BIGINT  NOT NULL REFERENCES host_groups (host_group_id) ON DELETE CASCADE,
    applied_by       TEXT    NOT NULL,
    applied_at       BIGINT  NOT NULL,
    changes          TEXT    NOT NULL
);
CREATE INDEX applied_plans_by_group ON applied_plans (host_group_id);
