-- Two-factor authentication: codes of an authenticator app (TOTP, RFC 6238), and recovery codes in case the app is lost.

CREATE TABLE second_factors (
    user_id      uuid        PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- Encrypted with AES-256-GCM under a key derived from AUTH_SECRET, with the user id as associated data: of no use in
    -- a copy of the database or in another user's row. Not hashed, because every code is computed from it.
    secret       bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    -- NULL until a first code proves that the app has the secret; until then the factor is not required.
    confirmed_at timestamptz,
    -- Time step of the last accepted code. Only later steps are accepted, so each code works once.
    last_step    bigint      NOT NULL DEFAULT 0,
    -- Consecutive failed attempts, and the end of the lockout that they caused.
    failures     integer     NOT NULL DEFAULT 0,
    locked_until timestamptz
);

-- Each row is an unused code; using it deletes the row.
CREATE TABLE recovery_codes (
    user_id uuid  NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    -- SHA-256 of user id and code. A code has 80 random bits, which rules out guessing, so no slow hash is needed.
    hash    bytea NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- Login challenges that were exchanged for a session; none may be exchanged twice. Expired rows are deleted at the user's
-- next login.
CREATE TABLE consumed_challenges (
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    id         uuid        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
);
