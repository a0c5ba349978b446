-- The password is optional: users who sign in with an external identity may never set one.

ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
