//! What every request gets, whatever it asks for.

mod cors;
mod fallback;
mod headers;
mod observe;
mod request_id;

pub use cors::cors;
pub use fallback::problem_of;
use headers::X_AUTHORIZATION;
pub use headers::for_this_caller_only;
pub use observe::observe;
pub use request_id::{REQUEST_ID, RequestId};
