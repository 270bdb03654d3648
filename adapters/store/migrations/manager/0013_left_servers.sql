-- Servers that a scheduled run left for later, for their time window was closed.
CREATE TABLE left_servers (
    server_id        BLOB    PRIMARY KEY
);
