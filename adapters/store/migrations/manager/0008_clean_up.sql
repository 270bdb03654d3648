-- Since when the linked WSUS has been seen with an update in a standing, where it does not tell that
-- itself. 0 is declined, 1 superseded.
CREATE TABLE update_standings (
    update_id        BLOB    NOT NULL,
    standing         BIGINT  NOT NULL,
    since            BIGINT  NOT NULL,
    PRIMARY KEY (update_id, standing)
);

-- The clean-up that was begun last: `plan` is JSON. While it has no end, it goes on when its plan is
-- applied again, whatever became of what it was made from.
CREATE TABLE clean_up (
    one              BIGINT  PRIMARY KEY CHECK (one = 1),
    state            TEXT    NOT NULL,
    plan             TEXT    NOT NULL,
    ended            BIGINT  NOT NULL
);
