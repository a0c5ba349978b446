-- Access tokens that must be rejected before they expire. Written in the transaction that ends the session, changes the
-- password or disables the user; kept until every token they cover has expired.

CREATE TABLE revocations (
    id           bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    -- Servers read what is new since their last poll. Rows do not become visible in the order of their ids, so a poll
    -- starts at the oldest transaction that was still running during the last one; that misses nothing.
    written_by   xid8        NOT NULL DEFAULT pg_current_xact_id(),
    -- No foreign key: the marker outlives a deleted user.
    user_id      uuid        NOT NULL,
    -- Either one session …
    sid          uuid,
    -- … or all of the user's sessions up to this number, optionally except one.
    up_to_number bigint,
    except_sid   uuid,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    CONSTRAINT revocations_kind CHECK ((sid IS NULL) <> (up_to_number IS NULL)),
    CONSTRAINT revocations_except CHECK (except_sid IS NULL OR up_to_number IS NOT NULL)
);
CREATE INDEX revocations_written_by ON revocations (written_by);
CREATE INDEX revocations_expires_at ON revocations (expires_at);
