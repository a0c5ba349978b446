//! The operations on genres and directors.

use std::sync::Arc;

use futures::TryFutureExt;
use poem_openapi::param::{Path, Query};
use poem_openapi::{OpenApi, Tags};

use crate::authorization::{Authorization, Searched};
use crate::caller::Caller;
use crate::catalogue::{Counted, Facet};
use crate::error::{UNAVAILABLE, WithToken};
use crate::lists::{LISTS, List, Lists, Paging, TotalMode};
use crate::shown::Shown;

#[derive(Tags)]
enum Tag {
    /// Genres and directors of the films that the caller may read.
    #[oai(rename = "Genres and directors")]
    Facets,
}

/// The part of the API that is about genres and directors.
pub(crate) struct Facets {
    pub(crate) authorization: Arc<Authorization>,
    pub(crate) lists: Arc<Lists>,
}

service::problems! {
    /// Why genres or directors cannot be listed.
    enum ListFacetsError includes [LISTS, UNAVAILABLE] {}
}

service::problems! {
    /// Why a genre cannot be shown.
    pub(crate) enum GetGenreError includes [UNAVAILABLE] {
        GenreNotFound = 404 "genre_not_found" "No film that the caller may read has this genre.",
    }
}

service::problems! {
    /// Why a director cannot be shown.
    pub(crate) enum GetDirectorError includes [UNAVAILABLE] {
        DirectorNotFound = 404 "director_not_found" "No film that the caller may read has this director.",
    }
}

#[OpenApi(tag = "Tag::Facets")]
impl Facets {
    /// List the genres of the films that the caller may read.
    ///
    /// By id. `films` counts only films that the caller may read; a genre without one is not listed.
    /// Without `page` and `cursor`, all genres are returned.
    #[oai(path = "/genres", method = "get", operation_id = "list_genres")]
    async fn list_genres(
        &self,
        caller: Caller,
        /// Page of 12 genres, from 1. A page past the end is empty; the maximum is 833.
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u32>>,
        /// `next` of an earlier response, to continue after its last genre. Excludes `page`.
        cursor: Query<Option<String>>,
        /// `exact`: count all genres, not only the first 10,000.
        total: Query<Option<TotalMode>>,
    ) -> Result<Shown<List<Counted>>, WithToken<ListFacetsError>> {
        let paging = Paging::new(page.0, cursor.0, total.0)?;
        self.list(Facet::Genres, &caller, paging).await
    }

    /// Get a genre.
    #[oai(path = "/genres/:id", method = "get", operation_id = "get_genre")]
    async fn get_genre(
        &self,
        caller: Caller,
        /// Id of the genre.
        id: Path<String>,
    ) -> Result<Shown<Counted>, WithToken<GetGenreError>> {
        self.get(Facet::Genres, &caller, &id.0, GetGenreError::GenreNotFound).await
    }

    /// List the directors of the films that the caller may read.
    ///
    /// By id. `films` counts only films that the caller may read; a director without one is not listed.
    /// Without `page` and `cursor`, all directors are returned.
    #[oai(path = "/directors", method = "get", operation_id = "list_directors")]
    async fn list_directors(
        &self,
        caller: Caller,
        /// Page of 12 directors, from 1. A page past the end is empty; the maximum is 833.
        #[oai(validator(minimum(value = "1")))]
        page: Query<Option<u32>>,
        /// `next` of an earlier response, to continue after its last director. Excludes `page`.
        cursor: Query<Option<String>>,
        /// `exact`: count all directors, not only the first 10,000.
        total: Query<Option<TotalMode>>,
    ) -> Result<Shown<List<Counted>>, WithToken<ListFacetsError>> {
        let paging = Paging::new(page.0, cursor.0, total.0)?;
        self.list(Facet::Directors, &caller, paging).await
    }

    /// Get a director.
    #[oai(path = "/directors/:id", method = "get", operation_id = "get_director")]
    async fn get_director(
        &self,
        caller: Caller,
        /// Id of the director.
        id: Path<String>,
    ) -> Result<Shown<Counted>, WithToken<GetDirectorError>> {
        self.get(Facet::Directors, &caller, &id.0, GetDirectorError::DirectorNotFound).await
    }
}

impl Facets {
    async fn list(
        &self,
        facet: Facet,
        caller: &Caller,
        paging: Paging,
    ) -> Result<Shown<List<Counted>>, WithToken<ListFacetsError>> {
        let search = |admitted| self.lists.facets(facet, admitted, &paging);
        let listed = self.authorization.search(caller, search).await?;
        Ok(listed.found.respond(listed.stale, |list| list))
    }

    async fn get<E: From<service::problem::Problem>>(
        &self,
        facet: Facet,
        caller: &Caller,
        id: &str,
        unknown: E,
    ) -> Result<Shown<Counted>, WithToken<E>> {
        let search = |admitted| {
            self.lists.catalogue.facet(facet, id, admitted).map_err(WithToken::<E>::from)
        };
        let Searched { found, stale } = self.authorization.search(caller, search).await?;
        match found {
            Some(counted) => Ok(Shown::whole(&counted, stale)),
            None => Err(WithToken::Problem { error: unknown, stale }),
        }
    }
}
