//! The macro that declares the errors of an operation.

/// [`service::problems!`] with conversions from the errors that operations pass on with `?`.
macro_rules! problems {
    ($($declaration:tt)*) => {
        ::service::problems! {
            from [
                ::sqlx::Error => $crate::http::problem::Problem::from,
                ::tokio::task::JoinError => $crate::http::problem::Problem::from,
                ::policies::PolicyError => $crate::policy::policy_problem,
            ];
            $($declaration)*
        }
    };
}
pub(crate) use problems;
