-- A revoked key is out of use at once; its private key is erased. Servers of before this column see it as retired.

ALTER TABLE signing_keys ADD COLUMN revoked_at timestamptz;
