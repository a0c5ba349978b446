-- Tokens sent by e-mail: presenting one proves access to the mailbox.

CREATE TABLE mail_tokens (
    -- SHA-256 of the token. It has 256 random bits, which rules out guessing, so no slow hash is needed.
    hash         bytea       PRIMARY KEY,
    purpose      text        NOT NULL CHECK (purpose IN ('verify_email', 'reset_password')),
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The token is valid only while the account has this address. NULL if an operator created it and no e-mail was sent.
    email_key    text        COLLATE "C",
    -- SHA-256 of the stored password hash: any change of the password invalidates the token.
    password_was bytea,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX mail_tokens_user ON mail_tokens (user_id);
CREATE INDEX mail_tokens_expires_at ON mail_tokens (expires_at);
