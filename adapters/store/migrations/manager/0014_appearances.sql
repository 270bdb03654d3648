-- Computers whose server does not tell when they first contacted it: when it was last read without them.
CREATE TABLE appearances (
    server_id        BLOB    NOT NULL,
    client_id        TEXT    NOT NULL,
    absent_at        BIGINT  NOT NULL,
    PRIMARY KEY (server_id, client_id)
);
