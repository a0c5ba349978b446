-- The genre that somebody likes best. An id of the catalogue, which is another server's: nothing here
-- can tell whether there is such a genre.

ALTER TABLE users ADD COLUMN favourite_genre text;
