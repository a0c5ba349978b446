-- Accounts elsewhere (OpenID Connect) by which people sign in.

CREATE TABLE identities (
    id           uuid        PRIMARY KEY,       -- version 7, made by the server
    user_id      uuid        NOT NULL REFERENCES users ON DELETE CASCADE,
    -- The two that tell who it is. A provider may give an e-mail address to somebody else; it never does so with a subject.
    issuer       text        COLLATE "C" NOT NULL,
    subject      text        COLLATE "C" NOT NULL,
    email        text,                          -- what the provider said last, for showing
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz,
    CONSTRAINT identities_subject_key UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);

-- Sign-ins that have come back from a provider, until they would be too old anyway: none comes back twice. One that was
-- only begun leaves nothing here, so nobody can fill the table by beginning.
CREATE TABLE spent_oidc_flows (
    id         uuid        PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX spent_oidc_flows_expires_at ON spent_oidc_flows (expires_at);

-- Which provider somebody tried to sign in by.
ALTER TABLE login_history ADD COLUMN provider text;
