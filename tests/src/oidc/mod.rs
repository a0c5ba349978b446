//! Providers that people sign in by: a real one, and one that cheats.

mod browser;
mod hostile;
mod real;
mod script;
mod site;

pub use browser::{Begun, Browser};
pub use hostile::HostileProvider;
pub use real::RealProvider;
pub use script::{Page, SECRET, Script, Sign};
pub use site::Site;
