-- The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for the day on which the app is
-- gone.

CREATE TABLE second_factors (
    user_id      uuid        PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    -- AES-256-GCM under a key from AUTH_SECRET, beside the user's id: worthless in a copy of the database, and in another
    -- user's row. It can't be hashed, as every code is computed from it.
    secret       bytea       NOT NULL,
    created_at   timestamptz NOT NULL,
    -- Empty until the first code has shown that the app has the secret; until then it counts for nothing.
    confirmed_at timestamptz,
    -- The latest time step whose code was taken. Only later ones are taken: each code is good once, ever.
    last_step    bigint      NOT NULL DEFAULT 0,
    -- Wrong codes since the last right one, and until when no code is looked at because of them.
    failures     integer     NOT NULL DEFAULT 0,
    locked_until timestamptz
);

-- Each row is a code that can still be used; using it deletes it.
CREATE TABLE recovery_codes (
    user_id uuid  NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    -- SHA-256 of user and code. A code has 80 random bits: nobody tries them all, so no slow hash is needed.
    hash    bytea NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- Challenges of a login by which a session was opened: none opens a second one. Those that have expired go with the
-- user's next login.
CREATE TABLE spent_challenges (
    user_id    uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    id         uuid        NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, id)
);
