-- What a service client may do. Clients from before, and those that older servers create, may introspect.
ALTER TABLE clients
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{introspect}',
    ADD CONSTRAINT clients_scopes
        CHECK (scopes <> '{}' AND scopes <@ '{introspect,filter,evaluate}'::text[]);
