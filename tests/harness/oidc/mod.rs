//! Providers that people sign in by: a real one, and one that cheats.

mod browser;
mod hostile_provider;
mod real_provider;
mod script;
mod site;

pub use browser::{Begun, Browser};
pub use hostile_provider::HostileProvider;
pub use real_provider::RealProvider;
pub use script::{Page, SECRET, Script, Sign};
pub use site::Site;
