//! What each program says about itself.

use std::sync::Arc;
use std::time::Duration;

use super::Load;
use crate::http::At;
use crate::recorder::Lane;

const PACE: Duration = Duration::from_millis(250);

/// Asks a program whether it is ready.
pub(super) async fn run(load: Arc<Load>, lane: Lane, at: At) {
    loop {
        let reply = load.http.get(at, "/health/ready", None).await;
        load.recorder.note(lane, &reply);
        tokio::time::sleep(PACE).await;
    }
}
