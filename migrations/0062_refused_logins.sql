-- Attempts that were refused during a lockout are one row with their number: otherwise anyone could add any number of rows
-- to any account's history.

ALTER TABLE login_history
    -- How many attempts the row stands for; NULL for the single attempts of all other rows.
    ADD COLUMN attempts integer;

-- The id of such a row is derived from the account and the lockout, so that all servers count in the same row.
CREATE UNIQUE INDEX login_history_lockout ON login_history (id, at) WHERE attempts IS NOT NULL;
