-- Files of updates by their name on the wire: those that are in the content folder, those whose
-- source is known, and those that a lower server asked for. What else is wanted follows from the
-- catalogue and the approvals and is not written down.

CREATE TABLE content_files (
    sha1             BLOB    PRIMARY KEY,
    -- All three or none: the file is in the content folder.
    sha256           BLOB,
    size_bytes       BIGINT,
    held_since       BIGINT,
    -- The URL to fetch it from.
    source           TEXT,
    requested        BIGINT  NOT NULL,
    -- The last of so many failed attempts in a row to fetch it.
    failure          BIGINT,
    failures         BIGINT  NOT NULL,
    failed_at        BIGINT,
    failed_because   TEXT
);
