-- Substrings of the user agents that may sign in to an account. NULL allows any; an empty list is invalid, because it
-- would allow none.

ALTER TABLE users ADD COLUMN allowed_user_agents text[],
    ADD CONSTRAINT users_some_agent_allowed CHECK (cardinality(allowed_user_agents) > 0);
