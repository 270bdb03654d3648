-- When the tree is synchronised by itself: `body` is JSON.
CREATE TABLE schedule (
    one              BIGINT  PRIMARY KEY CHECK (one = 1),
    body             TEXT    NOT NULL
);
