-- Frozen: a later change is a new file.
-- The products that computers told to have. Many have the same ones: each set is kept once.
CREATE TABLE product_sets (
    set_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    -- SHA-256 of the next.
    digest    BLOB    NOT NULL UNIQUE,
    -- The ids of the categories in order, one after the other.
    products  BLOB    NOT NULL
);
-- NULL: not known. Of computers of lower servers these know it.
ALTER TABLE computers ADD COLUMN product_set BIGINT REFERENCES product_sets (set_id);
CREATE INDEX computers_by_product_set ON computers (product_set);
