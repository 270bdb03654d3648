-- Frozen: a later change is a new file.
-- What computers said about updates: one packed row for each computer, rewritten with each report.

-- The small numbers by which packed rows name updates. A number stays when the revisions of its
-- update go, and is never given again.
CREATE TABLE update_numbers (
    update_number    INTEGER PRIMARY KEY AUTOINCREMENT,
    update_id        BLOB    NOT NULL UNIQUE
);

CREATE TABLE status (
    computer_id      INTEGER PRIMARY KEY REFERENCES computers (computer_id) ON DELETE CASCADE,
    packed           BLOB    NOT NULL
);

-- Apart from the status, which is read whole at every start.
CREATE TABLE event_logs (
    computer_id      INTEGER PRIMARY KEY REFERENCES computers (computer_id) ON DELETE CASCADE,
    packed           BLOB    NOT NULL
);
