-- What was last read from the linked WSUS, by part: a rebuildable copy, for reading while it is not reached.
CREATE TABLE mirror (
    part             TEXT    PRIMARY KEY,
    read_at          BIGINT  NOT NULL,
    body             BLOB    NOT NULL
);

-- Updates that an operator halted. A halt that could not be carried out waits, and is done first.
CREATE TABLE halts (
    update_id        BLOB    PRIMARY KEY,
    asked_by         TEXT    NOT NULL,
    asked_at         BIGINT  NOT NULL,
    done_at          BIGINT
);
