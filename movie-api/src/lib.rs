//! movie-api
