-- Films that users have marked as their favorites. The schema belongs to movie-api alone, so that it may share a database
-- with other programs.

CREATE TABLE movie.favorites (
    -- Id of an account of auth-server, and id of a film in Elasticsearch: neither is in this database.
    user_id    uuid        NOT NULL,
    movie_id   text        COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, movie_id)
);

-- Up to which time deletions of accounts in auth-server have been applied for good. In the same database as the favorites,
-- so that a backup of one is a backup of both: after it was restored, every later deletion is applied again.
CREATE TABLE movie.applied_deletions (
    until timestamptz -- NULL: none
);
CREATE UNIQUE INDEX applied_deletions_only_row ON movie.applied_deletions ((true));
INSERT INTO movie.applied_deletions VALUES (NULL);
