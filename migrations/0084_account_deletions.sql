-- Deleted accounts, for programs that keep data of users. Kept forever: a program may have been down for weeks, or its
-- database restored from an old backup, and then has to learn of every deletion since. A row holds nothing but the id,
-- which the audit log keeps as well.

CREATE TABLE account_deletions (
    -- Ascends in the order in which deletions become visible, so that it is a position in this table: a program that has read up
    -- to a row never misses one that was written before it and committed after it.
    deleted_at timestamptz PRIMARY KEY,
    user_id    uuid        NOT NULL
);

-- The last position. Its row is locked from the end of the DELETE until the commit: deletions commit one after another.
-- A time and not a number: after auth-server's own database was restored from a backup, new deletions still come after
-- what a program has read. It ascends even if the clock is set back.
CREATE TABLE last_account_deletion (deleted_at timestamptz NOT NULL);
CREATE UNIQUE INDEX last_account_deletion_only_row ON last_account_deletion ((true));
INSERT INTO last_account_deletion VALUES (clock_timestamp());

-- For the statement and not for each row: a row that is updated thousands of times in one transaction becomes slow.
CREATE FUNCTION record_account_deletions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    accounts CONSTANT bigint := (SELECT count(*) FROM gone);
    last timestamptz;
BEGIN
    IF accounts > 0 THEN
        UPDATE last_account_deletion
            SET deleted_at = greatest(clock_timestamp(), deleted_at) + accounts * interval '1 microsecond'
            RETURNING deleted_at INTO STRICT last;
        INSERT INTO account_deletions (deleted_at, user_id)
            SELECT last - (row_number() OVER () - 1) * interval '1 microsecond', id FROM gone;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_record_deletions AFTER DELETE ON users REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION record_account_deletions();
