//! The queries: each in a read-only transaction of its own, so that a long sync keeps no snapshot open, and
//! none returns more than a page.

use std::time::Duration;

use chrono::{DateTime, Utc};
use service::database::{DatabaseUrl, Limits, PgPool, Transaction, connect};
use sqlx::{FromRow, Postgres, postgres::PgArguments, query::QueryAs};
use uuid::Uuid;

use super::super::source::MAX_RECORD_BYTES;
use crate::LabelerError;

/// Films read at a time.
pub(super) const FILMS: u16 = 500;
/// Ids read at a time.
const IDS: i64 = 20_000;

const CONNECT: Duration = Duration::from_secs(10);

/// The film database.
pub(super) struct FilmDatabase {
    pool: PgPool,
    url: DatabaseUrl,
}

/// A row of `film_work`.
#[derive(FromRow)]
pub(super) struct FilmRow {
    pub(super) id: Uuid,
    /// In the notation of PostgreSQL, which also has `infinity`.
    pub(super) modified: Option<String>,
    /// The film as a JSON object; none if it is longer than a record may be.
    pub(super) film: Option<String>,
}

/// Films with their genres and persons. The row of `film_work` is taken as it is, since not every database
/// has the same columns besides those that it needs.
macro_rules! films {
    ($page:literal, $order:literal) => {
        concat!(
            "WITH page AS MATERIALIZED (",
            $page,
            "), film AS (
                SELECT page.id, page.modified, (
                    to_jsonb(page) - ARRAY['created', 'modified']
                    || jsonb_build_object('genres', genres.list)
                    || jsonb_build_object('directors', persons.directors, 'actors', persons.actors, 'writers', persons.writers)
                )::text AS film
                FROM page
                CROSS JOIN LATERAL (
                    SELECT jsonb_agg(jsonb_build_object('id', id, 'name', name) ORDER BY name, id) AS list
                    FROM content.genre
                    WHERE id IN (SELECT genre_id FROM content.genre_film_work WHERE film_work_id = page.id)
                ) AS genres
                CROSS JOIN LATERAL (
                    SELECT jsonb_agg(person ORDER BY name, id) FILTER (WHERE role = 'director') AS directors,
                        jsonb_agg(person ORDER BY name, id) FILTER (WHERE role = 'actor') AS actors,
                        jsonb_agg(person ORDER BY name, id) FILTER (WHERE role = 'writer') AS writers
                    FROM (
                        SELECT DISTINCT link.role, person.id, person.full_name AS name,
                            jsonb_build_object('id', person.id, 'name', person.full_name) AS person
                        FROM content.person_film_work AS link
                        JOIN content.person AS person ON person.id = link.person_id
                        WHERE link.film_work_id = page.id
                    ) AS person
                ) AS persons
            )
            SELECT id, modified::text AS modified, CASE WHEN octet_length(film) <= $1 THEN film END AS film
            FROM film ORDER BY ",
            $order
        )
    };
}

/// Films of which a genre, a person or a link has changed.
const OF_CHANGES: &str = "
    SELECT DISTINCT film_work_id FROM (
        SELECT film_work_id FROM content.genre_film_work WHERE created >= $1
        UNION ALL
        SELECT film_work_id FROM content.person_film_work WHERE created >= $1
        UNION ALL
        SELECT link.film_work_id FROM content.genre AS genre
        JOIN content.genre_film_work AS link ON link.genre_id = genre.id WHERE genre.modified >= $1
        UNION ALL
        SELECT link.film_work_id FROM content.person AS person
        JOIN content.person_film_work AS link ON link.person_id = person.id WHERE person.modified >= $1
    ) AS changed
    WHERE film_work_id > $2 ORDER BY film_work_id LIMIT $3";

/// Whether a row is as new.
const HAS_CHANGED: &str = "
    SELECT EXISTS (SELECT FROM content.film_work WHERE modified >= $1)
        OR EXISTS (SELECT FROM content.genre WHERE modified >= $1)
        OR EXISTS (SELECT FROM content.person WHERE modified >= $1)
        OR EXISTS (SELECT FROM content.genre_film_work WHERE created >= $1)
        OR EXISTS (SELECT FROM content.person_film_work WHERE created >= $1)";

/// Columns of which a film is made: as [`films`] reads them.
const COLUMNS: &str = "
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = 'content.film_work'::regclass AND attnum > 0 AND NOT attisdropped
        AND attname NOT IN ('created', 'modified')";

impl FilmDatabase {
    pub(super) fn new(url: &DatabaseUrl) -> Self {
        let pool = PgPool::new(url.options().clone(), 1, CONNECT, Limits::MAINTENANCE);
        Self { pool, url: url.clone() }
    }

    /// The time of the database.
    pub(super) async fn now(&self) -> Result<DateTime<Utc>, LabelerError> {
        let now: Vec<(DateTime<Utc>,)> = self.rows(sqlx::query_as("SELECT now()")).await?;
        now.first().map(|(now,)| *now).ok_or_else(|| self.error(sqlx::Error::RowNotFound))
    }

    /// The columns of the film table.
    pub(super) async fn columns(&self) -> Result<Vec<String>, LabelerError> {
        let columns: Vec<(String,)> = self.rows(sqlx::query_as(COLUMNS)).await?;
        Ok(columns.into_iter().map(|(column,)| column).collect())
    }

    /// Whether anything has changed since this time.
    pub(super) async fn has_changed(&self, since: DateTime<Utc>) -> Result<bool, LabelerError> {
        let found: Vec<(bool,)> = self.rows(sqlx::query_as(HAS_CHANGED).bind(since)).await?;
        Ok(found.contains(&(true,)))
    }

    /// All films, by id.
    pub(super) async fn all(&self, after: Uuid) -> Result<Vec<FilmRow>, LabelerError> {
        let page =
            films!("SELECT * FROM content.film_work WHERE id > $2 ORDER BY id LIMIT $3", "id");
        self.rows(films(page).bind(after).bind(i64::from(FILMS))).await
    }

    /// Films that were modified after this time, or at this time and with a higher id.
    pub(super) async fn modified(
        &self,
        after: &(String, Uuid),
    ) -> Result<Vec<FilmRow>, LabelerError> {
        let page = films!(
            "SELECT * FROM content.film_work WHERE (modified, id) > ($2::text::timestamptz, $3)
             ORDER BY modified, id LIMIT $4",
            "film.modified, id"
        );
        self.rows(films(page).bind(&after.0).bind(after.1).bind(i64::from(FILMS))).await
    }

    /// These films, at most [`FILMS`].
    pub(super) async fn with_ids(&self, ids: &[Uuid]) -> Result<Vec<FilmRow>, LabelerError> {
        let page = films!("SELECT * FROM content.film_work WHERE id = ANY($2)", "id");
        self.rows(films(page).bind(ids)).await
    }

    /// Ids of films of which something else than the film itself has changed, in ascending order.
    pub(super) async fn of_changes(
        &self,
        since: DateTime<Utc>,
        after: Uuid,
    ) -> Result<Vec<Uuid>, LabelerError> {
        let query = sqlx::query_as(OF_CHANGES).bind(since).bind(after).bind(IDS);
        let ids: Vec<(Uuid,)> = self.rows(query).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    /// Those of the ids that the database has.
    pub(super) async fn existing(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, LabelerError> {
        let query = "SELECT id FROM content.film_work WHERE id = ANY($1)";
        let ids: Vec<(Uuid,)> = self.rows(sqlx::query_as(query).bind(ids)).await?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    async fn rows<T>(&self, query: Query<'_, T>) -> Result<Vec<T>, LabelerError>
    where
        T: Send + Unpin + for<'r> FromRow<'r, sqlx::postgres::PgRow>,
    {
        let rows = async {
            let mut transaction: Transaction<'_> = self.pool.begin_snapshot().await?;
            // A pooler may lead the next transaction to a connection that does not know a named statement.
            let rows = query.persistent(false).fetch_all(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(rows)
        };
        match rows.await {
            // The pool says only how long it waited.
            Err(error @ sqlx::Error::PoolTimedOut) => {
                let why = connect(self.url.options()).await.err();
                Err(self.error(why.unwrap_or(error)))
            }
            rows => rows.map_err(|error| self.error(error)),
        }
    }

    fn error(&self, source: sqlx::Error) -> LabelerError {
        LabelerError::Source { database: self.url.to_string(), source }
    }
}

type Query<'q, T> = QueryAs<'q, Postgres, T, PgArguments>;

fn films(page: &'static str) -> Query<'static, FilmRow> {
    sqlx::query_as(page).bind(i32::try_from(MAX_RECORD_BYTES).unwrap_or(i32::MAX))
}
