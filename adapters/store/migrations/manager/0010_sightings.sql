-- Computers that were seen under another name or at another address than before.
CREATE TABLE sightings (
    client_id        TEXT    NOT NULL,
    seen_at          BIGINT  NOT NULL,
    name             TEXT    NOT NULL,
    address          TEXT    NOT NULL,
    -- Whether the name is another one, and not the address alone.
    renamed          BIGINT  NOT NULL,
    PRIMARY KEY (client_id, seen_at)
);
CREATE INDEX sightings_by_time ON sightings (seen_at);
