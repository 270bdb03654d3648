-- Frozen: a later change is a new file.
-- Servers above and below this one.

-- The GUID by which other servers name an approval. NULL for one of this server's own, whose GUID
-- follows from the server's id and the approval's stamp.
ALTER TABLE approvals ADD COLUMN deployment BLOB;

-- Deployments that are no more, for the servers below that had them.
CREATE TABLE ended_deployments (
    deployment       BLOB    PRIMARY KEY,
    stamp            BIGINT  NOT NULL
);

-- Licences that the upstream server's administrators accepted.
CREATE TABLE accepted_eulas (
    eula_id          BLOB    PRIMARY KEY
);

-- The server that updates are taken from. Anchors are its own words; each advances only when
-- everything that it covers is stored.
CREATE TABLE upstream (
    one                  INTEGER PRIMARY KEY CHECK (one = 1),
    url                  TEXT    NOT NULL,
    mode                 BIGINT  NOT NULL,
    -- Which life of the setting the anchors belong to: a run that began before a change of the
    -- setting advances nothing.
    generation           BIGINT  NOT NULL,
    configuration_anchor TEXT,
    revision_anchor      TEXT,
    deployment_anchor    TEXT
);

-- What is wanted of it: kind 0 are products, 1 classifications, 2 languages.
CREATE TABLE upstream_filter (
    kind             BIGINT  NOT NULL,
    position         BIGINT  NOT NULL,
    value            TEXT    NOT NULL,
    PRIMARY KEY (kind, position)
);

CREATE TABLE upstream_runs (
    run_id            INTEGER PRIMARY KEY AUTOINCREMENT,
    state             BIGINT  NOT NULL,
    step              BIGINT  NOT NULL,
    started_by        TEXT,
    started_at        BIGINT  NOT NULL,
    finished_at       BIGINT,
    documents         BIGINT  NOT NULL,
    documents_total   BIGINT,
    added             BIGINT  NOT NULL,
    approvals_changed BIGINT  NOT NULL,
    files_fetched     BIGINT  NOT NULL,
    bytes_fetched     BIGINT  NOT NULL,
    problem           TEXT
);

CREATE TABLE upstream_run_quarantine (
    run_id           BIGINT  NOT NULL REFERENCES upstream_runs (run_id) ON DELETE CASCADE,
    position         BIGINT  NOT NULL,
    name             TEXT    NOT NULL,
    update_id        BLOB,
    reason           TEXT    NOT NULL,
    PRIMARY KEY (run_id, position)
);

-- The servers below this one. A parent of zeros is this server.
CREATE TABLE downstream_servers (
    server_id        BLOB    PRIMARY KEY,
    name             TEXT    NOT NULL,
    parent           BLOB    NOT NULL,
    version          TEXT    NOT NULL,
    is_replica       BIGINT,
    first_contact    BIGINT  NOT NULL,
    last_contact     BIGINT  NOT NULL,
    last_sync        BIGINT,
    last_rollup      BIGINT
);
