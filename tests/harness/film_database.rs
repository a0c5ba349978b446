//! A film database with the tables of the "movies admin".

use sqlx::PgConnection;
use uuid::Uuid;

use crate::Database;

const TABLES: &str = "
    CREATE SCHEMA content;
    CREATE TABLE content.film_work (
        id uuid PRIMARY KEY, title text NOT NULL, description text, creation_date date, certificate text,
        rating double precision, type text NOT NULL, created timestamptz, modified timestamptz
    );
    CREATE TABLE content.genre (
        id uuid PRIMARY KEY, name text NOT NULL, description text, created timestamptz, modified timestamptz
    );
    CREATE TABLE content.person (
        id uuid PRIMARY KEY, full_name text NOT NULL, created timestamptz, modified timestamptz
    );
    CREATE TABLE content.genre_film_work (
        id uuid PRIMARY KEY, genre_id uuid NOT NULL, film_work_id uuid NOT NULL, created timestamptz
    );
    CREATE TABLE content.person_film_work (
        id uuid PRIMARY KEY, person_id uuid NOT NULL, film_work_id uuid NOT NULL, role text NOT NULL, created timestamptz
    )";

/// The tables in a database of their own, which are empty at first.
pub struct FilmDatabase(Database);

/// A role that may select from the tables, and nothing else.
pub struct Reader<'a> {
    /// The URL of the database for this role.
    pub url: String,
    role: String,
    database: &'a FilmDatabase,
}

impl FilmDatabase {
    /// Creates them.
    pub async fn create() -> Self {
        let database = Self(Database::empty().await);
        for table in TABLES.split(';') {
            database.execute(table).await;
        }
        database
    }

    /// The URL of the database.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.url.clone()
    }

    /// Executes a statement.
    pub async fn execute(&self, statement: &str) {
        self.0.execute(statement).await;
    }

    /// A connection.
    pub async fn connect(&self) -> PgConnection {
        self.0.connect().await
    }

    /// A film.
    pub async fn film(&self, id: &str, title: &str, released: &str, rating: Option<f64>) {
        let rating = rating.map_or("NULL".to_owned(), |rating| rating.to_string());
        self.execute(&format!(
            "INSERT INTO content.film_work
             VALUES ('{id}', '{title}', 'About {title}', '{released}', 'R', {rating}, 'movie', now(), now())"
        ))
        .await;
    }

    /// As many films, with the numbers as titles.
    pub async fn films(&self, count: u64) {
        self.execute(&format!(
            "INSERT INTO content.film_work
             SELECT gen_random_uuid(), n::text, NULL, '2001-01-01', NULL, 5, 'movie', now(), now()
             FROM generate_series(1, {count}) AS n"
        ))
        .await;
    }

    /// A new genre of a film; returns its id.
    pub async fn genre(&self, film: &str, name: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.execute(&format!(
            "INSERT INTO content.genre VALUES ('{id}', '{name}', NULL, now(), now())"
        ))
        .await;
        self.execute(&format!(
            "INSERT INTO content.genre_film_work VALUES (gen_random_uuid(), '{id}', '{film}', now())"
        ))
        .await;
        id
    }

    /// A new person with a role in a film; returns the person's id.
    pub async fn credit(&self, film: &str, name: &str, role: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.execute(&format!(
            "INSERT INTO content.person VALUES ('{id}', '{name}', now(), now())"
        ))
        .await;
        self.execute(&format!(
            "INSERT INTO content.person_film_work VALUES (gen_random_uuid(), '{id}', '{film}', '{role}', now())"
        ))
        .await;
        id
    }

    /// A role that may select.
    ///
    /// # Panics
    /// If the URL of the database has no credentials.
    pub async fn reader(&self) -> Reader<'_> {
        let role = format!("reader_{}", Uuid::new_v4().simple());
        for statement in [
            format!("CREATE ROLE {role} LOGIN PASSWORD 'reader'"),
            format!("GRANT USAGE ON SCHEMA content TO {role}"),
            format!("GRANT SELECT ON ALL TABLES IN SCHEMA content TO {role}"),
        ] {
            self.execute(&statement).await;
        }
        let (_, server) = self.0.url.split_once('@').unwrap();
        Reader { url: format!("postgres://{role}:reader@{server}"), role, database: self }
    }
}

impl Reader<'_> {
    /// Drops the role, which would outlive the database.
    pub async fn drop(self) {
        for statement in ["DROP OWNED BY", "DROP ROLE"] {
            self.database.execute(&format!("{statement} {}", self.role)).await;
        }
    }
}
