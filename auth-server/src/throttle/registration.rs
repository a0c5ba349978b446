//! Limits registrations, which cost a hash each and need no account: from one network, and in total.

use std::net::IpAddr;

use super::rate::Rate;
use super::{Admission, TOO_MANY, Throttle, seconds};
use crate::config::ThrottleConfig;
use crate::http::network;
use crate::http::problem::{Problem, RateLimit};

/// The period of the limit for one network, s.
const NETWORK_PERIOD: u32 = 600;

/// The period of the limit for all networks, s. Short: clients that exhaust it stop registrations
/// only while their own continue.
const TOTAL_PERIOD: u32 = 60;

/// How many registrations are admitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RegistrationLimits {
    from_network: u32,
    in_total: u32,
}

impl RegistrationLimits {
    /// The configured limits.
    #[must_use]
    pub(crate) const fn from_config(config: &ThrottleConfig) -> Self {
        Self { from_network: config.address_registrations(), in_total: config.registrations() }
    }
}

impl Throttle {
    /// Counts a registration from this client, whatever becomes of it. A client beyond its own limit
    /// does not count towards the total.
    ///
    /// # Errors
    /// [`TOO_MANY`].
    pub(crate) async fn register(&self, from: IpAddr) -> Result<(), Problem> {
        let RegistrationLimits { from_network, in_total } = self.registrations;
        let rates = [
            Rate {
                name: "registrations-by-address",
                key: self.keys.registrations_from(network::of(from)),
                quota: from_network,
                period: NETWORK_PERIOD,
            },
            Rate {
                name: "registrations",
                key: self.keys.registrations(),
                quota: in_total,
                period: TOTAL_PERIOD,
            },
        ];
        let Admission::Rejected { delay, counter, .. } = self.admit_rates(&rates).await else {
            return Ok(());
        };
        let seconds = seconds(delay);
        let problem = Problem::new(TOO_MANY)
            .retry_after(seconds)
            .detail(format!("Too many accounts are being registered; try again in {seconds} s."));
        Err(match rates.get(counter) {
            None => problem,
            Some(Rate { name, quota, period, .. }) => problem.rate_limit(RateLimit {
                policy: name,
                quota: *quota,
                window: i64::from(*period),
                reset: seconds,
            }),
        })
    }

    async fn admit_rates(&self, rates: &[Rate]) -> Admission {
        let now = self.clock.now().timestamp_micros();
        if let Some(shared) = &self.shared
            && let Some(admission) = shared.admit_rates(rates, now).await
        {
            return admission;
        }
        self.rates.admit(rates, now)
    }
}
