//! The baseline of `/check`: a poem handler that receives the same bytes, parses the same JSON into
//! the same types and responds with as many bytes. No token, no policy, no middleware.

use poem::listener::TcpListener;
use poem::web::Json;
use poem::{Route, Server, handler, post};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed at the same cost as in the server, but not used")]
struct CheckRequest {
    action: String,
    resource: Resource,
    at_least: Option<i64>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed at the same cost as in the server, but not used")]
struct Resource {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    labels: Option<Vec<String>>,
    access: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct CheckResponse {
    allowed: bool,
    reason: Reason,
    valid_until: Option<String>,
    revision: i64,
}

#[derive(Serialize)]
struct Reason {
    code: &'static str,
}

#[handler]
fn check(Json(_): Json<CheckRequest>) -> Json<CheckResponse> {
    let reason = Reason { code: "allowed" };
    Json(CheckResponse { allowed: true, reason, valid_until: None, revision: 2 })
}

/// Serves until the process is killed.
pub(crate) async fn serve(listen: &str) -> anyhow::Result<()> {
    let app = Route::new().at("/api/v1/check", post(check));
    Ok(Server::new(TcpListener::bind(listen)).run(app).await?)
}
