//! Nobody gives away more than they may give.

mod builtin;
mod manager;
mod superusers;
mod writes_of_guests;
