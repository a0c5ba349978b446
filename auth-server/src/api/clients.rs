//! `/api/v1/clients`

use std::sync::Arc;

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::client::store;
use crate::client::store::Client;
use crate::client::{ClientName, ClientSecret};
use crate::db::{DATABASE, constraint};
use crate::http::pagination::{PageQuery, cut};
use crate::http::problem::{INTERNAL, Problem};
use crate::http::request_errors::{BODY, FIELD, PARAMETERS};
use crate::http::{Body, Created, NoContent, Reply};
use crate::problems;

/// A service client to be made.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
struct NewClient {
    /// For people: 1–64 of A–Z a–z 0–9 _ . - and spaces inside.
    name: String,
}

/// A service client that was just made.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct CreatedClient {
    #[serde(flatten)]
    #[oai(flatten)]
    client: Client,
    /// What it proves itself with. Shown this once.
    secret: String,
}

/// A page of service clients, by name.
#[derive(Serialize, Object)]
#[oai(read_only_all)]
struct ClientPage {
    items: Vec<Client>,
    /// Cursor of the next page.
    next: Option<String>,
}

problems! {
    /// What can go wrong with listing clients.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

problems! {
    /// What can go wrong with making a client.
    pub(crate) enum CreateError includes [SIGNED_IN, AUTHORIZATION, BODY, DATABASE] {
        Taken = 409 "client_name_taken" "Another client has this name.",
    }
}

problems! {
    /// What can go wrong with disabling a client.
    pub(crate) enum DisableError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {
        NotFound = 404 "client_not_found" "There is no client of this id.",
    }
}

/// The operations.
pub(crate) struct ClientsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/clients", tag = "crate::http::tags::Tag::Clients")]
impl ClientsApi {
    /// List service clients, by name.
    #[oai(path = "/", method = "get", operation_id = "list_clients")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        limit: Query<Option<u32>>,
        cursor: Query<Option<String>>,
    ) -> Result<Reply<ClientPage>, ListError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let after = query.after.as_deref().unwrap_or_default();
        let rows = store::page(&self.0.pool, after, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |client| client.name.clone());
        Ok(Reply(ClientPage { items, next }))
    }

    /// Make a service client. The answer is the only place where its secret ever stands.
    #[oai(path = "/", method = "post", operation_id = "create_client")]
    async fn create(
        &self,
        caller: AuthorizedAdmin,
        body: Body<NewClient>,
    ) -> Result<Created<CreatedClient>, CreateError> {
        let name = ClientName::parse(&body.name)
            .map_err(|why| Problem::new(FIELD).field("name").detail(why))?;
        let secret = ClientSecret::random().map_err(|error| {
            tracing::error!(%error, "no random bytes");
            Problem::new(INTERNAL)
        })?;
        let client =
            store::insert(&self.0.pool, &name, &secret, (caller.actor(), self.0.clock.now()))
                .await
                .map_err(taken)?;
        tracing::info!(client = %client.id, by = %caller.user, "service client made");
        Ok(Created(CreatedClient { client, secret: secret.expose().to_owned() }))
    }

    /// Disable a service client for good. It is refused from the next request on.
    #[oai(path = "/:id", method = "delete", operation_id = "disable_client")]
    async fn disable(
        &self,
        caller: AuthorizedAdmin,
        id: Path<Uuid>,
    ) -> Result<NoContent, DisableError> {
        let disabled =
            store::disable(&self.0.pool, id.0, (caller.actor(), self.0.clock.now())).await;
        disabled?.ok_or(DisableError::NotFound)?;
        tracing::info!(client = %id.0, by = %caller.user, "service client disabled");
        Ok(NoContent)
    }
}

fn taken(error: sqlx::Error) -> CreateError {
    match constraint(&error) {
        Some("clients_name_key") => CreateError::Taken.problem().field("name").into(),
        _ => Problem::from(error).into(),
    }
}
