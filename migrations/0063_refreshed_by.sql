-- The client that the current refresh token was returned to: half of the SHA-256 of its address and user agent. If the
-- replaced token returns it again, to another client, the login history says so. NULL before the first refresh.
ALTER TABLE sessions ADD COLUMN rotated_by bytea;
