//! Nobody gives away more than they may give.

mod builtin;
mod guest_writes;
mod isolation;
mod manager;
mod superuser_second_factor;
mod superusers;
