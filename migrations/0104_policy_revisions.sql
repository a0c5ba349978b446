-- What each policy write changed, as it was before: from the present back, any earlier revision can be read, compared and
-- restored. The journal cannot serve for this: it has what a write made, not what it replaced, and is pruned after a day.
--
-- Every revision has a row, with the revision that it was written on. A server of an earlier version writes none: then
-- the chain is broken, and what lies before is not kept rather than wrongly reconstructed.
--
-- Not pruned: a row is smaller than the audit record of the same write, which is kept, too. A write of many rules keeps
-- only those that it changed.
CREATE TABLE policy_revisions (
    revision  bigint      PRIMARY KEY,
    previous  bigint      NOT NULL,
    at        timestamptz NOT NULL,
    -- As in `audit`. No foreign key: the revision outlives the account.
    by_user   uuid,
    via       text        NOT NULL CHECK (via IN ('api', 'cli')),
    operation text        NOT NULL,
    target    text        NOT NULL,
    -- How many rules and roles were changed.
    rules     integer     NOT NULL,
    roles     integer     NOT NULL,
    -- Their state before the write, in the format of auth-server/src/policy/revisions/before.rs. NULL if it changed
    -- none, such as a grant.
    before    jsonb,
    CONSTRAINT policy_revisions_order CHECK (previous < revision)
);

CREATE INDEX policy_revisions_changes ON policy_revisions (revision) WHERE before IS NOT NULL;
