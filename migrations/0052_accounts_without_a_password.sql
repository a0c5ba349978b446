-- An account may have no password: whoever signs in by an account elsewhere never set one.

ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
