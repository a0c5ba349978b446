//! The macro by which each feature lists its problems.

/// Declares what can go wrong with one feature, with status, code and title of each.
///
/// ```ignore
/// problems! {
///     /// What can go wrong with a login.
///     pub enum LoginError includes [input::BODY, store::DATABASE] {
///         CredentialsInvalid = 401 "credentials_invalid" "The login or the password is wrong.",
///     }
/// }
/// ```
///
/// Every variant turns into its [`Problem`]; problems of the included lists (from extractors, the
/// store, …) pass through `From<Problem>` as they are.
#[macro_export]
macro_rules! problems {
    ($(#[$meta:meta])* $vis:vis enum $name:ident includes [$($common:expr),* $(,)?] {
        $($variant:ident = $status:literal $code:literal $title:literal),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis enum $name {
            $(#[doc = $title] $variant,)*
            /// A problem with its details, or one of the included lists.
            Problem(Box<$crate::http::problem::Problem>),
        }

        impl $name {
            $vis const SPECS: &'static [$crate::http::problem::Spec] = &[
                $($crate::http::problem::Spec { status: $status, code: $code, title: $title }),*
            ];

            /// The problem as it goes to the client, to be given details.
            $vis fn problem(self) -> $crate::http::problem::Problem {
                match self {
                    $(Self::$variant => $crate::http::problem::Problem::new($crate::http::problem::Spec {
                        status: $status, code: $code, title: $title,
                    }),)*
                    Self::Problem(problem) => *problem,
                }
            }
        }

        impl From<$crate::http::problem::Problem> for $name {
            fn from(problem: $crate::http::problem::Problem) -> Self {
                Self::Problem(Box::new(problem))
            }
        }

        impl From<sqlx::Error> for $name {
            fn from(error: sqlx::Error) -> Self {
                $crate::http::problem::Problem::from(error).into()
            }
        }

        impl From<policies::PolicyError> for $name {
            fn from(error: policies::PolicyError) -> Self {
                $crate::http::problem::Problem::from(error).into()
            }
        }

        impl From<tokio::task::JoinError> for $name {
            fn from(error: tokio::task::JoinError) -> Self {
                $crate::http::problem::Problem::from(error).into()
            }
        }

        impl From<$name> for $crate::http::problem::Problem {
            fn from(error: $name) -> Self {
                error.problem()
            }
        }

        impl From<$name> for poem::Error {
            fn from(error: $name) -> Self {
                error.problem().into()
            }
        }

        impl poem::IntoResponse for $name {
            fn into_response(self) -> poem::Response {
                self.problem().into_response()
            }
        }

        impl poem_openapi::ApiResponse for $name {
            fn meta() -> poem_openapi::registry::MetaResponses {
                poem_openapi::registry::MetaResponses {
                    responses: $crate::http::problem::responses(Self::SPECS, &[$($common),*]),
                }
            }

            fn register(registry: &mut poem_openapi::registry::Registry) {
                <$crate::http::problem::Problem as poem_openapi::types::Type>::register(registry);
            }
        }
    };
}
