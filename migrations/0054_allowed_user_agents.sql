-- Parts of the user agents that may sign in to an account; NULL: any may. Never empty, or nobody could.

ALTER TABLE users ADD COLUMN allowed_user_agents text[],
    ADD CONSTRAINT users_some_agent_allowed CHECK (cardinality(allowed_user_agents) > 0);
