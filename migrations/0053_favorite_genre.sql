-- The user's favorite genre: an id of the catalogue. The catalogue belongs to another service, so whether the genre exists
-- cannot be checked here.

ALTER TABLE users ADD COLUMN favorite_genre text;
