//! Nobody gives away more than they may give.

mod builtin;
mod each_other;
mod manager;
mod second_factor;
mod superusers;
mod writes_of_guests;
