-- Administrators search users by the beginning of a name; logins and e-mail addresses have indexes that serve prefixes.
CREATE INDEX users_first_name ON users (lower(first_name) text_pattern_ops);
CREATE INDEX users_last_name ON users (lower(last_name) text_pattern_ops);
