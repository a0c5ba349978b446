-- At most one key per algorithm has no successor: the one that signs, or the one published to sign next. A rotation
-- sets retire_at of the old key and inserts the new one, so of two concurrent rotations only one can commit.

CREATE UNIQUE INDEX signing_keys_newest ON signing_keys (algorithm) WHERE retire_at IS NULL;
