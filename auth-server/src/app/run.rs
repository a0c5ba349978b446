//! From listening to a stop in good order.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Application;

/// How long the operators' listener may take to finish: a scrape.
const OPS_DRAIN: Duration = Duration::from_secs(1);

impl Application {
    /// Answers requests until `shutdown`, then finishes those that have begun. Health and metrics
    /// answer for as long as there is anything to finish.
    ///
    /// # Errors
    /// A listener broke.
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        tracing::info!(listener = "api", address = %self.address(), "listening");
        if let Some(address) = self.ops_address() {
            tracing::info!(listener = "ops", %address, "listening");
        }
        let Self { api, ops, health, drain, background, stop } = self;
        let shutdown = async move {
            shutdown.await;
            health.drain();
            tracing::info!("stopping: open requests are finished first");
        };
        let finished = CancellationToken::new();
        let serve = async {
            let served = api.run(shutdown, drain).await;
            finished.cancel();
            served
        };
        let operate = async {
            match ops {
                Some(listener) => listener.run(finished.clone().cancelled_owned(), OPS_DRAIN).await,
                None => Ok(()),
            }
        };
        let (served, operated) = tokio::join!(serve, operate);
        stop.cancel();
        background.close();
        background.wait().await;
        tracing::info!("stopped");
        served.and(operated)
    }
}
