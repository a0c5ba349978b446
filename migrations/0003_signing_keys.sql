-- Keys that sign access tokens.
--
-- A key is published before it signs and stays published until the last token signed with it has expired. The signing
-- key is the one with the latest signs_from that is not in the future.

CREATE TABLE signing_keys (
    kid         text        PRIMARY KEY,        -- RFC 7638 thumbprint
    algorithm   text        NOT NULL,
    public_key  bytea       NOT NULL,
    -- Nonce and AES-256-GCM ciphertext under a key derived from the server's secret; the kid is authenticated too.
    private_key bytea       NOT NULL,
    created_at  timestamptz NOT NULL,
    signs_from  timestamptz NOT NULL,
    retire_at   timestamptz                     -- set when a successor is created
);
