-- The login history of a deleted account is anonymized in batches after the deletion, outside its transaction: a foreign
-- key with ON DELETE SET NULL rewrites all of it at once, while everyone else waits for the same locks.

-- Deleted accounts whose history is still to be anonymized.
CREATE TABLE deleted_accounts (
    user_id    uuid        PRIMARY KEY,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    -- True once nothing was left. An attempt that was being written then may follow, so the account is visited once more.
    visited    boolean     NOT NULL DEFAULT false
);

-- A trigger, so that no way of deleting an account can forget it, nor a server of the previous version.
CREATE FUNCTION note_deleted_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deleted_accounts (user_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_note_deleted AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION note_deleted_account();

ALTER TABLE login_history DROP CONSTRAINT login_history_user_id_fkey;
