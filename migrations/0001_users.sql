-- Accounts.

CREATE TABLE users (
    id            uuid        PRIMARY KEY,          -- version 7, made by the server: inserts stay together
    login         text        NOT NULL,             -- as typed, for showing
    -- What logins are compared by: Unicode NFC, lower case, made by the server. PostgreSQL's lower()
    -- depends on the database's locale, and two servers must agree. Bytewise for prefix searches.
    login_key     text        COLLATE "C" NOT NULL,
    email         text,
    email_key     text        COLLATE "C",
    password_hash text        NOT NULL,             -- PHC string, carries its own parameters
    first_name    text,
    last_name     text,
    created_at    timestamptz NOT NULL,
    last_login_at timestamptz,
    disabled_at   timestamptz,
    -- Number of the last session opened. "All sessions up to number N" can then be refused by one
    -- marker, which clocks can't do: two sessions may begin in the same second.
    session_seq   bigint      NOT NULL DEFAULT 0,
    CONSTRAINT users_login_key UNIQUE (login_key),
    CONSTRAINT users_email_key UNIQUE (email_key),
    CONSTRAINT users_email_with_key CHECK ((email IS NULL) = (email_key IS NULL))
);
