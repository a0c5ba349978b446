-- Every try to log in, one partition a month. The server makes partitions ahead of time, and drops
-- old ones whole: at ten million rows neither writing nor forgetting gets slower.

CREATE TABLE login_history (
    id         uuid        NOT NULL,            -- version 7, made by the server
    at         timestamptz NOT NULL,
    -- Empty where nobody has the login that was typed, which is not kept: it may well be a password
    -- that went into the wrong field. Also empty once the account is deleted.
    user_id    uuid        REFERENCES users ON DELETE SET NULL,
    method     text        NOT NULL,
    outcome    text        NOT NULL,            -- `succeeded`, or the code of the problem
    session_id uuid,                            -- no foreign key: sessions are forgotten sooner
    address    text,                            -- blanked after some time, like the user agent
    user_agent text
) PARTITION BY RANGE (at);
-- Pages of one user's tries, newest first, all of them or those with one outcome. Tries without a
-- user are in neither, so a flood of made-up logins costs little.
CREATE INDEX login_history_user ON login_history (user_id, at DESC, id DESC)
    WHERE user_id IS NOT NULL;
CREATE INDEX login_history_user_outcome ON login_history (user_id, outcome, at DESC, id DESC)
    WHERE user_id IS NOT NULL;
-- What there is still to be blanked.
CREATE INDEX login_history_traced ON login_history (at)
    WHERE address IS NOT NULL OR user_agent IS NOT NULL;
