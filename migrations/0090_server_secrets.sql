-- Which secrets (AUTH_SECRET) running servers write and read with, so that none writes what another one cannot read while
-- the secret is being replaced. A fingerprint is derived from a secret and does not reveal it. Servers of before these
-- tables announce nothing, and are not waited for. All times are PostgreSQL's.

CREATE TABLE servers (
    id      uuid        PRIMARY KEY,        -- of the process
    writes  bytea       NOT NULL,           -- fingerprint of the secret that it writes with
    reads   bytea[]     NOT NULL,           -- fingerprints of all that it reads, this one included
    ready   boolean     NOT NULL,           -- false while a step of a replacement is missing
    seen_at timestamptz NOT NULL
);

-- When a secret was last written with: refresh tokens may exist under it for the life of a session.
CREATE TABLE secrets (
    fingerprint bytea       PRIMARY KEY,
    used_at     timestamptz NOT NULL
);
