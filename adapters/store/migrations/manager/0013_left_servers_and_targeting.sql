-- Servers that a scheduled run left for later, for their time window was closed.
CREATE TABLE left_servers (
    server_id        BLOB    PRIMARY KEY
);
-- Whether policies are meant to put the computers of a server into groups.
ALTER TABLE server_settings ADD COLUMN client_targeting BIGINT NOT NULL DEFAULT 0;
