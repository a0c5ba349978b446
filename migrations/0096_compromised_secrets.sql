-- Secrets that were replaced because of a theft or a loss (`auth-server secret replace --compromised`). With a stolen one, an attacker
-- could go on forging what servers accept under it, so no server starts with it again.

ALTER TABLE secrets ADD COLUMN compromised boolean NOT NULL DEFAULT false;
