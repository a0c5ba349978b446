-- Every write of an admin, in the transaction that did it. Nothing is ever changed or deleted here.

CREATE TABLE audit (
    id        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at        timestamptz NOT NULL,
    -- Who did it; empty for the command line. No foreign key: the trail outlives the account.
    by_user   uuid,
    via       text        NOT NULL CHECK (via IN ('api', 'cli')),
    operation text        NOT NULL,             -- as `/openapi.json` names it
    target    text        NOT NULL,             -- `role:<name>`, `rule:<id>`, `user:<id>`, `key:<id>`, `policy`
    before    jsonb,                            -- what it was; empty where there was nothing
    after     jsonb,                            -- what it became; empty where nothing is left
    revision  bigint      NOT NULL,             -- of the policy, once the write was done
    CONSTRAINT audit_api_has_user CHECK ((via = 'api') = (by_user IS NOT NULL))
);
