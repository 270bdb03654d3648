-- What an operator wants of one WSUS server of the tree.
CREATE TABLE server_settings (
    server_id        BLOB    PRIMARY KEY,
    -- Whether an autonomous server has the managed groups too, and the approvals for these.
    follows          BIGINT  NOT NULL,
    -- Such as 22:00-05:00, by the clock of the managing server.
    open             TEXT
);
