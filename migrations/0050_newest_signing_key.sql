-- One key has no successor: the one that signs, or the one that was published to sign next. A
-- rotation gives the old one its end and adds the new one, so two rotations at once can't both pass.

CREATE UNIQUE INDEX signing_keys_newest ON signing_keys (algorithm) WHERE dead_after IS NULL;
