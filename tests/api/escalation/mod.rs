//! No privilege escalation.

mod isolation;
pub(crate) mod manager;
mod superuser_limits;
mod superuser_second_factor;
mod superusers;
