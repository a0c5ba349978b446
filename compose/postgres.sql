-- Run once, by the superuser, on a new cluster: a role and a database for each program that needs one. No program is a
-- superuser or can connect to the database of another. The extensions that auth-server and etl-labeler create are
-- trusted, so that owners of databases may create them.
\set ON_ERROR_STOP on
\getenv auth_password AUTH_DATABASE_PASSWORD
\getenv labeler_password LABELER_DATABASE_PASSWORD
\getenv movie_password MOVIE_DATABASE_PASSWORD

CREATE ROLE auth LOGIN PASSWORD :'auth_password';
CREATE ROLE labeler LOGIN PASSWORD :'labeler_password';
CREATE ROLE movie LOGIN PASSWORD :'movie_password';
CREATE DATABASE auth OWNER auth;
CREATE DATABASE labeler OWNER labeler;
CREATE DATABASE movie OWNER movie;
REVOKE ALL ON DATABASE auth, labeler, movie, postgres, template1 FROM PUBLIC;
