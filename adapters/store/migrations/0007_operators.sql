-- Frozen: a later change is a new file.
-- What each operator may do, and what became of wrong passwords.

ALTER TABLE operators ADD COLUMN role TEXT NOT NULL DEFAULT 'auditor';
-- Names and ids of groups, each on a line; NULL for all.
ALTER TABLE operators ADD COLUMN scope TEXT;
ALTER TABLE operators ADD COLUMN disabled BIGINT NOT NULL DEFAULT 0;
-- The accounts that there were may do everything, as before.
UPDATE operators SET role = 'administrator';

-- 0 is a session, 1 a token for a program, 2 that of the commands on the server's own machine.
ALTER TABLE tokens ADD COLUMN kind BIGINT NOT NULL DEFAULT 0;
-- A program may do no more than this, whatever its operator may.
ALTER TABLE tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'administrator';
ALTER TABLE tokens ADD COLUMN scope TEXT;
ALTER TABLE tokens ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN last_used_at BIGINT;
UPDATE tokens SET kind = 2 WHERE name = 'local commands';

-- By the name that was given, whether or not an account has it: who guesses learns nothing of that.
CREATE TABLE sign_in_failures (
    name             TEXT    PRIMARY KEY,
    failures         BIGINT  NOT NULL,
    since            BIGINT  NOT NULL,
    locked_until     BIGINT
);

-- What was changed, where that is neither an update nor a group.
ALTER TABLE changes ADD COLUMN detail TEXT NOT NULL DEFAULT '';
