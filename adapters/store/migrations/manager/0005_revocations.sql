-- Linkages that were revoked. Rows are only added: a certificate of one may turn up at any time. What another
-- database of this managing server revoked is known by its id alone.
CREATE TABLE revocations (
    linkage_id       BLOB    PRIMARY KEY,
    server_id        BLOB,
    name             TEXT    NOT NULL,
    revoked_by       TEXT    NOT NULL,
    revoked_at       BIGINT  NOT NULL
);

-- When the certificate of a Linkage runs out; absent until that is known.
ALTER TABLE linkages ADD COLUMN certificate_until BIGINT;
