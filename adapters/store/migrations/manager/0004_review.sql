-- Why nothing is written to the linked WSUS until an administrator confirms what differs.
ALTER TABLE link ADD COLUMN review TEXT;
