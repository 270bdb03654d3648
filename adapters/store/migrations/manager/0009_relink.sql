-- The WSUS that is to take the place of the linked one, or has. `open` is JSON: what could not be written to it yet;
-- NULL until it is the linked one.
CREATE TABLE relink (
    one              BIGINT  PRIMARY KEY CHECK (one = 1),
    url              TEXT    NOT NULL,
    linkage_id       BLOB    NOT NULL REFERENCES linkages (linkage_id) ON DELETE CASCADE,
    open             TEXT
);

-- A WSUS group that is made again under its host group's new name: that name while it is made, and the group whose
-- place it took until that one is deleted.
ALTER TABLE host_groups ADD COLUMN recreating TEXT;
ALTER TABLE host_groups ADD COLUMN replaced BLOB;

-- The data folder that this database is used with. It knows how far the record had come, so that a database that
-- was put back is noticed.
CREATE TABLE data_folder (
    one              BIGINT  PRIMARY KEY CHECK (one = 1),
    id               TEXT    NOT NULL
);
