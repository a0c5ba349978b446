-- Programs that may ask what a token is worth, and end its session (RFC 7662, RFC 7009).

CREATE TABLE clients (
    id          uuid        PRIMARY KEY,
    name        text        NOT NULL,           -- for people
    -- SHA-256 of the secret: 256 random bits, so there is nothing to guess that a slow hash would
    -- have to protect, and a request must not cost what a login costs.
    secret_hash bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    created_at  timestamptz NOT NULL,
    disabled_at timestamptz,
    CONSTRAINT clients_name_key UNIQUE (name)
);
