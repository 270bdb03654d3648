-- How the computers of the tree stood at the end of each day: `day` counts from 1970-01-01 in UTC, `body` is JSON.
CREATE TABLE compliance (
    day              BIGINT  PRIMARY KEY,
    body             TEXT    NOT NULL
);
