CREATE TABLE operators (
    name             TEXT    PRIMARY KEY,
    password_hash    TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL
);

CREATE TABLE tokens (
    token_hash       BLOB    PRIMARY KEY,
    name             TEXT    NOT NULL,
    operator         TEXT    NOT NULL,
    created_at       BIGINT  NOT NULL,
    expires_at       BIGINT
);

-- The key that certifies the parties of the link and signs orders, with its certificate.
CREATE TABLE authority (
    one              BIGINT  PRIMARY KEY CHECK (one = 1),
    secret           BLOB    NOT NULL,
    certificate      BLOB    NOT NULL,
    created_at       BIGINT  NOT NULL
);

-- Every Linkage that was paired, with the WSUS it speaks for.
CREATE TABLE linkages (
    linkage_id       BLOB    PRIMARY KEY,
    public_key       BLOB    NOT NULL,
    server_id        BLOB    NOT NULL UNIQUE,
    name             TEXT    NOT NULL,
    paired_by        TEXT    NOT NULL,
    paired_at        BIGINT  NOT NULL
);

-- The one WSUS that is linked: the top one of its tree.
CREATE TABLE link (
    one              BIGINT  PRIMARY KEY CHECK (one = 1),
    url              TEXT    NOT NULL,
    linkage_id       BLOB    NOT NULL REFERENCES linkages (linkage_id)
);

-- A host group may have a WSUS group of its own, by the id that the WSUS gave it.
CREATE TABLE host_groups (
    host_group_id    INTEGER PRIMARY KEY,
    name             TEXT    NOT NULL,
    name_key         TEXT    NOT NULL UNIQUE,
    wsus_group       BLOB
);

CREATE TABLE host_group_members (
    host_group_id    BIGINT  NOT NULL REFERENCES host_groups (host_group_id) ON DELETE CASCADE,
    client_id        TEXT    NOT NULL,
    PRIMARY KEY (host_group_id, client_id)
);

-- Runs of the synchronisation command; `report` is JSON.
CREATE TABLE sync_runs (
    run_id           INTEGER PRIMARY KEY,
    started_by       TEXT    NOT NULL,
    started_at       BIGINT  NOT NULL,
    finished_at      BIGINT,
    report           TEXT    NOT NULL
);

-- What was done, by whom and when. Rows are only added.
CREATE TABLE audit (
    audit_id         INTEGER PRIMARY KEY,
    at               BIGINT  NOT NULL,
    operator         TEXT    NOT NULL,
    what             TEXT    NOT NULL,
    detail           TEXT    NOT NULL
);
