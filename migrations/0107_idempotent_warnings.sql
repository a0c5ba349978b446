-- The warnings with which a policy write was answered, so that the same request is answered alike. They are about the
-- policy of then, from which they cannot be found again.
ALTER TABLE idempotency_keys ADD COLUMN warnings jsonb NOT NULL DEFAULT '[]';
