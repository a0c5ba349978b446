-- Logins that look alike (UTS #39): the skeleton of `login_key`. A login with a character beyond ASCII must not have
-- the skeleton of any other login; logins of ASCII alone may (`modern`, `modem`), as most fonts tell them apart.
--
-- NULL is a login that a server of an earlier version wrote. `auth-server migrate` and each start of `serve` fill it in,
-- and bring `login_key` to the present form (RFC 8265).
ALTER TABLE users ADD COLUMN login_skeleton text COLLATE "C";

CREATE INDEX users_login_skeleton ON users (login_skeleton);
CREATE INDEX users_without_login_skeleton ON users (id) WHERE login_skeleton IS NULL;
-- Between a login beyond ASCII and one of ASCII alone the server decides, under a lock on the skeleton.
CREATE UNIQUE INDEX users_login_skeleton_key ON users (login_skeleton)
    WHERE octet_length(login_key) <> char_length(login_key);
