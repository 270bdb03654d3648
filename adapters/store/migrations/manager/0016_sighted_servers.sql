-- The server that a computer reported to when it was seen, by name; '' where that was not kept.
ALTER TABLE sightings ADD COLUMN server TEXT NOT NULL DEFAULT '';
-- Whether it reported to another server before or after.
ALTER TABLE sightings ADD COLUMN moved BIGINT NOT NULL DEFAULT 0;
