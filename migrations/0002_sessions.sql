-- A session is one login on one device: a chain of refresh tokens.
--
-- No token is stored, nor a hash of one. A refresh token consists of session id, counter and an HMAC under the server's
-- key. The row holds the counter of the current token, so a successor whose response was lost can be derived again.

CREATE TABLE sessions (
    id              uuid        PRIMARY KEY,
    user_id         uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    number          bigint      NOT NULL,       -- users.session_seq when the session was opened
    device          text,                       -- from the User-Agent header
    address         text,
    created_at      timestamptz NOT NULL,
    last_seen_at    timestamptz NOT NULL,
    refresh_counter bigint      NOT NULL DEFAULT 0,
    -- When the current token replaced its predecessor; NULL if the predecessor has no grace period.
    rotated_at      timestamptz,
    expires_at      timestamptz NOT NULL,       -- idle timeout, extended by every refresh
    absolute_until  timestamptz NOT NULL,       -- absolute lifetime, never extended
    ended_at        timestamptz,
    end_reason      text,
    CONSTRAINT sessions_number_key UNIQUE (user_id, number),
    CONSTRAINT sessions_end_has_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) WITH (fillfactor = 80);
-- A refresh changes no indexed column and finds free space on its page, so PostgreSQL performs a heap-only tuple (HOT)
-- update. That makes refreshing cheap; it is why last_seen_at and expires_at have no index.
CREATE INDEX sessions_active ON sessions (user_id) WHERE ended_at IS NULL;
-- For the cleanup: no session is valid 90 days after it was opened.
CREATE INDEX sessions_created_at ON sessions (created_at);
