-- Service clients that explain decisions about anyone. Servers of an earlier version cannot read a client with this
-- scope: create one when all servers have been replaced.

ALTER TABLE clients
    DROP CONSTRAINT clients_scopes,
    ADD CONSTRAINT clients_scopes
        CHECK (scopes <> '{}' AND scopes <@ '{introspect,filter,evaluate,users:deleted,policy:read,explain}'::text[]);
