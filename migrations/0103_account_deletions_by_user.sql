-- A decision about a subject that is named by its user id has to know that the account was deleted.

CREATE INDEX account_deletions_user_id ON account_deletions (user_id);
