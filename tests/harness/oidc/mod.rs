//! Identity providers: a real one, and a hostile one that follows a script.

mod browser;
mod hostile_provider;
mod real_provider;
mod script;
mod site;

pub use browser::{Browser, Flow};
pub use hostile_provider::HostileProvider;
pub use real_provider::RealProvider;
pub use script::{CLIENT_SECRET, Reply, Script, Signature};
pub use site::OidcSite;
