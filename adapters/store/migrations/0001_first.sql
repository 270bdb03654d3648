-- Frozen: a later change is a new file.
-- Ids of sixteen bytes are BLOB, times are microseconds since 1970 in UTC, stamps are values of
-- the server-wide counter, which never goes back.

CREATE TABLE server (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    server_id        BLOB    NOT NULL,
    epoch            BIGINT  NOT NULL,
    stamp            BIGINT  NOT NULL,
    config_change    BIGINT  NOT NULL,
    tree_stamp       BIGINT  NOT NULL,
    created_at       BIGINT  NOT NULL
);

CREATE TABLE cookie_keys (
    key_id           INTEGER PRIMARY KEY,
    secret           BLOB    NOT NULL,
    created_at       BIGINT  NOT NULL
);

CREATE TABLE revisions (
    revision_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    update_id        BLOB    NOT NULL,
    revision         BIGINT  NOT NULL,
    document         BLOB    NOT NULL,
    document_bytes   BIGINT  NOT NULL,
    document_hash    BLOB    NOT NULL,
    facts            BLOB    NOT NULL,
    facts_version    BIGINT  NOT NULL,
    core_bytes       BIGINT  NOT NULL,
    arrived_at       BIGINT  NOT NULL,
    stamp            BIGINT  NOT NULL,
    UNIQUE (update_id, revision)
);

CREATE TABLE quarantine (
    document_hash    BLOB    PRIMARY KEY,
    name             TEXT    NOT NULL,
    reason           TEXT    NOT NULL,
    seen_at          BIGINT  NOT NULL
);

-- When an update's leaf flag or implicit action last changed.
CREATE TABLE catalogue_changes (
    update_id        BLOB    PRIMARY KEY,
    stamp            BIGINT  NOT NULL
);

CREATE TABLE groups (
    group_id         BLOB    PRIMARY KEY,
    name             TEXT    NOT NULL,
    name_key         TEXT    NOT NULL UNIQUE,
    parent           BLOB,
    built_in         BIGINT  NOT NULL
);

CREATE TABLE approvals (
    approval_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    update_id        BLOB    NOT NULL,
    group_id         BLOB    NOT NULL,
    action           BIGINT,
    deadline         BIGINT,
    revision         BIGINT,
    changed_at       BIGINT  NOT NULL,
    changed_by       TEXT    NOT NULL,
    stamp            BIGINT  NOT NULL,
    UNIQUE (update_id, group_id)
);

CREATE TABLE declined (
    update_id        BLOB    PRIMARY KEY,
    changed_at       BIGINT  NOT NULL,
    changed_by       TEXT    NOT NULL,
    stamp            BIGINT  NOT NULL
);

CREATE TABLE computers (
    computer_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id        TEXT    NOT NULL UNIQUE,
    dns_name         TEXT    NOT NULL,
    requested_group  TEXT    NOT NULL,
    registered       BIGINT  NOT NULL,
    os_version       TEXT    NOT NULL,
    os_description   TEXT    NOT NULL,
    architecture     TEXT    NOT NULL,
    manufacturer     TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    client_version   TEXT    NOT NULL,
    -- What RegisterComputer told, as its XML, for the servers above.
    registration     TEXT    NOT NULL,
    first_contact    BIGINT  NOT NULL,
    last_contact     BIGINT  NOT NULL,
    last_sync        BIGINT,
    last_report      BIGINT,
    stamp            BIGINT  NOT NULL
);

CREATE TABLE memberships (
    computer_id      BIGINT  NOT NULL REFERENCES computers (computer_id) ON DELETE CASCADE,
    group_id         BLOB    NOT NULL REFERENCES groups (group_id) ON DELETE CASCADE,
    PRIMARY KEY (computer_id, group_id)
);

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

CREATE TABLE changes (
    change_id        INTEGER PRIMARY KEY AUTOINCREMENT,
    changed_at       BIGINT  NOT NULL,
    changed_by       TEXT    NOT NULL,
    what             TEXT    NOT NULL,
    update_id        BLOB,
    group_id         BLOB,
    before           TEXT,
    after            TEXT
);
CREATE INDEX changes_by_update ON changes (update_id);
CREATE INDEX memberships_by_group ON memberships (group_id);
