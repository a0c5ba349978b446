-- Admin writes that were made under an `Idempotency-Key`, so that one that is sent again is not made again. Kept is what
-- its answer is composed of, never a body: the audit trail has the state that was written. All times are PostgreSQL's.
CREATE TABLE idempotency_keys (
    caller   uuid        NOT NULL,
    key      text        COLLATE "C" NOT NULL,
    request  bytea       NOT NULL,                     -- SHA-256 of method, path, precondition and body
    record   bigint      REFERENCES audit,             -- NULL if there was nothing to change
    revision bigint      NOT NULL,                     -- policy revision after the write
    used_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (caller, key)
);

CREATE INDEX idempotency_keys_used_at ON idempotency_keys (used_at);
