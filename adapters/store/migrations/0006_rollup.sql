-- Frozen: a later change is a new file.
-- What lower servers tell of themselves and of their computers, and what the upper one was told.

-- The lower server that a computer reports to; NULL for this one.
ALTER TABLE computers ADD COLUMN server_id BLOB;
-- Counts the changes of what the upper server is told of it.
ALTER TABLE computers ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
-- The groups in which it was when it reported to this server: it is in them again when it returns.
-- Ids, one after the other.
ALTER TABLE computers ADD COLUMN own_groups BLOB;
-- What only lower servers tell. The number is that of their last report of its updates.
ALTER TABLE computers ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE computers ADD COLUMN sync_result BIGINT;
ALTER TABLE computers ADD COLUMN last_reboot BIGINT;
ALTER TABLE computers ADD COLUMN last_inventory BIGINT;
ALTER TABLE computers ADD COLUMN received_number BIGINT NOT NULL DEFAULT 0;

CREATE INDEX computers_by_server ON computers (server_id);

-- Computers that were deleted here, so that older reports do not bring them back.
CREATE TABLE deleted_computers (
    client_id        TEXT    PRIMARY KEY,
    deleted_at       BIGINT  NOT NULL
);

-- Its counts in the order of the protocol, with spaces between; NULL before the first.
ALTER TABLE downstream_servers ADD COLUMN summary TEXT;

-- Whom this server tells of its computers. Another server is told everything, from the first
-- number on; another reset asks for everything, with the numbers going on.
CREATE TABLE rollup (
    one              INTEGER PRIMARY KEY CHECK (one = 1),
    server_id        BLOB    NOT NULL,
    reset            BLOB    NOT NULL,
    -- The hash of what was told of servers; NULL when it is to be told.
    servers          BLOB
);

-- What it acknowledged of each computer.
CREATE TABLE rollup_told (
    computer_id      INTEGER PRIMARY KEY REFERENCES computers (computer_id) ON DELETE CASCADE,
    -- The count of changes up to which all is told; -1 when all is to be told.
    changes          BIGINT  NOT NULL,
    -- The hash of the details; NULL when they are to be told.
    details          BLOB,
    -- The number of the last report of status; 0 before the first.
    number           BIGINT  NOT NULL,
    -- That status; NULL when all of it is to be told.
    packed           BLOB
);
