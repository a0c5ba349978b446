//! `/api/v1/clients`

use std::sync::Arc;

use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AppState;
use crate::authn::SIGNED_IN;
use crate::authn::authorized_admin::{AUTHORIZATION, AuthorizedAdmin};
use crate::client::store;
use crate::client::store::Client;
use crate::client::{ClientName, ClientSecret, Scope, scope};
use crate::db::{DATABASE, DATABASE_WRITE, constraint};
use crate::http::pagination::{PageQuery, cut};
use crate::http::problem::{INTERNAL, Problem};
use crate::http::request_errors::{BODY, FIELD, PARAMETERS, PATH_ID};
use crate::http::{Body, Created, NoContent, Reply, canonical};
use crate::idempotency::{Claimed, Earlier, IDEMPOTENCY, IdempotencyKey};
use crate::problems;

/// A new service client.
#[derive(Deserialize, Object)]
#[serde(deny_unknown_fields)]
#[oai(rename = "NewServiceClient")]
struct NewClient {
    /// Display name: 1–64 characters of A–Z a–z 0–9 _ . -, and spaces inside.
    name: String,
    /// What it may do; `["introspect"]` by default.
    scopes: Option<Vec<Scope>>,
}

/// A service client with its secret.
#[derive(Serialize, Object)]
#[oai(rename = "CreatedServiceClient", read_only_all)]
struct CreatedClient {
    #[serde(flatten)]
    #[oai(flatten)]
    client: Client,
    /// Client secret. It is shown only in this response.
    secret: String,
}

/// A page of service clients, ordered by name.
#[derive(Serialize, Object)]
#[oai(rename = "ServiceClientPage", read_only_all)]
struct ClientPage {
    items: Vec<Client>,
    /// Cursor of the next page; `null` on the last page.
    next: Option<String>,
}

problems! {
    /// Errors of listing service clients.
    pub(crate) enum ListError includes [SIGNED_IN, AUTHORIZATION, PARAMETERS, DATABASE] {}
}

problems! {
    /// Errors of creating a service client.
    pub(crate) enum CreateError includes [SIGNED_IN, AUTHORIZATION, BODY, IDEMPOTENCY, DATABASE_WRITE] {
        Taken = 409 "client_name_taken" "A client with this name already exists.",
        SecretIssued = 409 "secret_already_issued"
            "The client was created by an earlier request with this Idempotency-Key; its secret was shown then.",
    }
}

problems! {
    /// Errors of disabling a service client.
    pub(crate) enum DisableError includes [SIGNED_IN, AUTHORIZATION, PATH_ID, IDEMPOTENCY, DATABASE_WRITE] {
        NotFound = 404 "client_not_found" "Client not found.",
    }
}

/// The operations.
pub(crate) struct ClientsApi(pub(crate) Arc<AppState>);

#[OpenApi(prefix_path = "/api/v1/clients", tag = "crate::http::tags::Tag::Clients")]
impl ClientsApi {
    /// List service clients, ordered by name.
    #[oai(path = "/", method = "get", operation_id = "list_clients")]
    async fn list(
        &self,
        _caller: AuthorizedAdmin,
        /// Items per page, 1–1,000; 50 by default.
        limit: Query<Option<u32>>,
        /// `next` of the previous page.
        cursor: Query<Option<String>>,
    ) -> Result<Reply<ClientPage>, ListError> {
        let query: PageQuery<String> = PageQuery::parse(limit.0, cursor.0.as_deref())?;
        let after = query.after.as_deref().unwrap_or("");
        let rows = store::page(&self.0.pool, after, query.rows()).await?;
        let (items, next) = cut(rows, query.limit, |client| client.name.clone());
        Ok(Reply(ClientPage { items, next }))
    }

    /// Create a service client.
    ///
    /// The response is the only place where the client secret is shown.
    #[oai(path = "/", method = "post", operation_id = "create_client")]
    async fn create(
        &self,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
        body: Body<NewClient>,
    ) -> Result<Created<CreatedClient>, CreateError> {
        let name = ClientName::parse(&body.name)
            .map_err(|error| Problem::new(FIELD).field("name").detail(error))?;
        let scopes = match body.0.scopes {
            None => Scope::DEFAULT.to_vec(),
            Some(scopes) => scope::normalize(scopes).ok_or_else(|| {
                Problem::new(FIELD).field("scopes").detail("A client has at least one scope.")
            })?,
        };
        let secret = ClientSecret::random().map_err(|error| {
            tracing::error!(%error, "the operating system provides no random bytes");
            Problem::new(INTERNAL)
        })?;
        let (actor, now) = (caller.actor(), self.0.clock.now());
        let (mut transaction, claim) = match key.begin(&self.0.pool, caller.user).await? {
            Claimed::New(transaction, claim) => (transaction, claim),
            Claimed::Made(earlier) => return Err(secret_issued(&earlier)),
        };
        let client = store::insert(&mut transaction, &name, &scopes, &secret, actor, now).await;
        let (client, record) = client.map_err(|error| match constraint(&error) {
            Some("clients_name_key") => CreateError::Taken.problem().field("name").into(),
            _ => CreateError::from(error),
        })?;
        claim.keep(&mut transaction, Some(record)).await?;
        transaction.commit().await?;
        self.0.authenticator.clients().forget().await;
        tracing::info!(client = %client.id, by = %caller.user, "service client created");
        Ok(Created(CreatedClient { client, secret: secret.expose().to_owned() }))
    }

    /// Disable a service client permanently.
    ///
    /// This server refuses it from the next request on, others within a second.
    #[oai(path = "/:id", method = "delete", operation_id = "disable_client")]
    async fn disable(
        &self,
        /// Id of the client.
        id: canonical::Path<Uuid>,
        caller: AuthorizedAdmin,
        /// A name for this request. If it is sent again with the same name within 24 hours, it is answered as before
        /// and not made again. 1–128 visible characters.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<NoContent, DisableError> {
        let (actor, now) = (caller.actor(), self.0.clock.now());
        let Claimed::New(mut transaction, claim) = key.begin(&self.0.pool, caller.user).await?
        else {
            return Ok(NoContent);
        };
        let disabled = store::disable(&mut transaction, id.0, actor, now).await?;
        claim.keep(&mut transaction, disabled.ok_or(DisableError::NotFound)?.record).await?;
        transaction.commit().await?;
        self.0.authenticator.clients().forget().await;
        tracing::info!(client = %id.0, by = %caller.user, "service client disabled");
        Ok(NoContent)
    }
}

/// The secret is not kept: nothing can show it a second time.
fn secret_issued(earlier: &Earlier) -> CreateError {
    let client = earlier.target.as_deref().and_then(|target| target.strip_prefix("client:"));
    let detail = format!(
        "It is the client {}. If its secret did not arrive, disable it and create another.",
        client.unwrap_or("in the audit trail"),
    );
    CreateError::SecretIssued.problem().detail(detail).into()
}
