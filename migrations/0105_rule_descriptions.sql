-- What a rule is for, as roles have it. Rules written by a server of an earlier version have none.
ALTER TABLE rules ADD COLUMN description text NOT NULL DEFAULT '';
