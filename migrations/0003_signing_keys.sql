-- Keys that sign access tokens.
--
-- A key is published before it signs and stays published until the last token it signed is dead.
-- The one that signs is the one with the latest signs_from that has come.

CREATE TABLE signing_keys (
    kid         text        PRIMARY KEY,        -- RFC 7638 thumbprint
    algorithm   text        NOT NULL,
    public_key  bytea       NOT NULL,
    -- Nonce and AES-256-GCM ciphertext under a key derived from the server's secret; bound to kid.
    private_key bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    signs_from  timestamptz NOT NULL,
    dead_after  timestamptz                     -- set when a successor is appointed
);
