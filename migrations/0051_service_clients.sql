-- Service clients: programs that may introspect tokens (RFC 7662) and revoke them (RFC 7009).

CREATE TABLE clients (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL,           -- for display
    -- SHA-256 of the secret. It has 256 random bits, which rules out guessing, so no slow hash is needed; and a request
    -- must not cost as much as a login.
    secret_hash bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    created_at  timestamptz NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT clients_name_key UNIQUE (name)
);
