-- A session is one login on one device: a chain of refresh tokens.
--
-- No token stands here, nor a hash of one. A refresh token is session id, counter and an HMAC under
-- the server's key; the row keeps the counter of the current one, so that a successor whose answer
-- was lost can be derived again.

CREATE TABLE sessions (
    id              uuid        PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    number          bigint      NOT NULL,       -- users.session_seq at its opening
    device          text,                       -- from the user agent
    address         text,
    created_at      timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    refresh_counter bigint      NOT NULL DEFAULT 0,
    -- When the current token replaced its predecessor; empty where the predecessor has no grace.
    rotated_at      timestamptz,
    expires_at      timestamptz NOT NULL,       -- idle life, moved by every refresh
    absolute_until  timestamptz NOT NULL,       -- never moved
    ended_at        timestamptz,
    end_reason      text,
    CONSTRAINT sessions_number_key UNIQUE (user_id, number),
    CONSTRAINT sessions_end_has_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 80);
-- A refresh changes no indexed column and finds room on its page: PostgreSQL then updates in place
-- (HOT), which is what makes refreshing cheap. So no index on last_seen_at or expires_at.
CREATE INDEX sessions_live ON sessions (user_id) WHERE ended_at IS NULL;
-- For the sweep: 90 days after its opening a session is dead whatever happened to it.
CREATE INDEX sessions_created_at ON sessions (created_at);
