-- Where mail is sent, an address belongs to the account that confirms it; claims that wait for that block nobody.

-- The address that an account has claimed and not confirmed yet: several accounts may have claimed the same one.
-- `users.email` holds the confirmed address, which stays until the new one is confirmed. It holds an unconfirmed one only
-- where no mail is sent, or if a server of an earlier version wrote it: then it is a claim like those in this table.
CREATE TABLE pending_emails (
    user_id    uuid        PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    email      text        NOT NULL,
    email_key  text        COLLATE "C" NOT NULL,
    claimed_at timestamptz NOT NULL
);
CREATE INDEX pending_emails_key ON pending_emails (email_key, claimed_at, user_id);

ALTER TABLE users
    -- When the address was confirmed by a caller who also had the session or the password of the account, or by the identity
    -- provider that the account was created for. Counts only while it equals `email_verified_at`: servers of an earlier
    -- version change that one alone.
    ADD COLUMN email_account_proof_at timestamptz;
