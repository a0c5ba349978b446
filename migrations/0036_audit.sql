-- Every administrative write, recorded in the transaction that made it. Append-only.

CREATE TABLE audit (
    id        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at        timestamptz NOT NULL,
    -- The acting user; NULL for the command line. No foreign key: the record outlives the account.
    by_user   uuid,
    via       text        NOT NULL CHECK (via IN ('api', 'cli')),
    operation text        NOT NULL,             -- operation id of `/openapi.json`
    target    text        NOT NULL,             -- `role:<name>`, `rule:<id>`, `user:<id>`, `key:<id>`, `policy`
    before    jsonb,                            -- state before the write; NULL if created
    after     jsonb,                            -- state after the write; NULL if deleted
    revision  bigint      NOT NULL,             -- policy revision after the write
    CONSTRAINT audit_api_has_user CHECK ((via = 'api') = (by_user IS NOT NULL))
);
