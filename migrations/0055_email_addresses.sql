-- Verified e-mail addresses, and temporary claims on unverified ones.

ALTER TABLE users
    -- When the user followed the link sent to the address; NULL if unverified. Cleared when the address changes.
    ADD COLUMN email_verified_at timestamptz,
    ADD CONSTRAINT users_email_verified CHECK (email_verified_at IS NULL OR email_key IS NOT NULL);

-- When an account first claimed an address. The row outlives the claim, so claiming the address again does not reserve it
-- for another week.
CREATE TABLE email_claims (
    user_id   uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    email_key text        COLLATE "C" NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (user_id, email_key)
);
INSERT INTO email_claims (user_id, email_key, since) SELECT id, email_key, now() FROM users WHERE email_key IS NOT NULL;
