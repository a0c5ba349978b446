-- What stands in a mail to show that whoever answers it can read it.

CREATE TABLE mail_tokens (
    -- SHA-256 of the token. It has 256 random bits: nobody tries them all, so no slow hash is needed.
    hash         bytea       PRIMARY KEY,
    purpose      text        NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The token counts as long as the account has this address. Empty: an operator made it, no mail was sent.
    email_key    text        COLLATE "C",
    -- SHA-256 of the stored hash of the password: one that is changed, by whatever way, takes this token's worth.
    password_was bytea,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id);
CREATE INDEX mail_tokens_expires_at ON mail_tokens (expires_at);
