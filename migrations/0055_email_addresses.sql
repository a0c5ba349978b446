-- E-mail addresses: who has shown that one is theirs, and since when others are kept from it.

ALTER TABLE users
    -- When a mail to the address was answered; empty for a mere claim. Goes with the address.
    ADD COLUMN email_verified_at timestamptz,
    ADD CONSTRAINT users_email_verified CHECK (email_verified_at IS NULL OR email_key IS NOT NULL);

-- When an account first claimed an address. It stays when the account lets go of the address: claiming it again does not
-- keep others from it for another week.
CREATE TABLE email_claims (
    user_id   uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    email_key text        COLLATE "C" NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (user_id, email_key)
);
INSERT INTO email_claims (user_id, email_key, since) SELECT id, email_key, now() FROM users WHERE email_key IS NOT NULL;
