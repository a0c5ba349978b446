//! The macro with which each feature declares its problems.

/// Declares the problems of one feature, with status, code and title of each.
///
/// ```
/// use service::problem::{Challenge, request};
///
/// service::problems! {
///     /// Why a token is refused.
///     pub enum TokenError includes [request::BODY] {
///         CredentialsInvalid = 401 "credentials_invalid" "The login or the password is wrong.",
///         TokenExpired = 401 "token_expired" "The access token has expired."
///             [.challenge(Challenge::InvalidToken)],
///     }
/// }
/// ```
///
/// Every variant becomes its [`Problem`](crate::problem::Problem); problems of the included lists
/// (from extractors, the database, …) pass through `From<Problem>` unchanged. Calls in brackets are
/// made on the [`Spec`](crate::problem::Spec). A first line `from [E => f, …];` adds `From<E>`, by
/// the function `f` from `E` to `Problem`, so that `?` works on a `Result<_, E>`.
#[macro_export]
macro_rules! problems {
    (@enum [$($source:ty => $convert:path),*] $(#[$meta:meta])* $vis:vis enum $name:ident
     includes [$($common:expr),*] {
        $($variant:ident = $status:literal $code:literal $title:literal [$($spec:tt)*]),*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis enum $name {
            $(#[doc = $title] $variant,)*
            /// A problem with details, or one of the included lists.
            Problem(Box<$crate::problem::Problem>),
        }

        impl $name {
            /// The problems that are declared here.
            $vis const SPECS: &'static [$crate::problem::Spec] = &[
                $($crate::problem::Spec::new($status, $code, $title) $($spec)*),*
            ];

            /// The problem as the client sees it, ready for details.
            $vis fn problem(self) -> $crate::problem::Problem {
                match self {
                    $(Self::$variant => {
                        const SPEC: $crate::problem::Spec =
                            $crate::problem::Spec::new($status, $code, $title) $($spec)*;
                        $crate::problem::Problem::new(SPEC)
                    })*
                    Self::Problem(problem) => *problem,
                }
            }
        }

        impl ::core::convert::From<$crate::problem::Problem> for $name {
            fn from(problem: $crate::problem::Problem) -> Self {
                Self::Problem(::std::boxed::Box::new(problem))
            }
        }

        $(impl ::core::convert::From<$source> for $name {
            fn from(error: $source) -> Self {
                Self::Problem(::std::boxed::Box::new($convert(error)))
            }
        })*

        impl ::core::convert::From<$name> for $crate::problem::Problem {
            fn from(error: $name) -> Self {
                error.problem()
            }
        }

        impl ::core::convert::From<$name> for ::poem::Error {
            fn from(error: $name) -> Self {
                error.problem().into()
            }
        }

        impl ::poem::IntoResponse for $name {
            fn into_response(self) -> ::poem::Response {
                self.problem().into_response()
            }
        }

        impl ::poem_openapi::ApiResponse for $name {
            fn meta() -> ::poem_openapi::registry::MetaResponses {
                ::poem_openapi::registry::MetaResponses {
                    responses: $crate::problem::responses(Self::SPECS, &[$($common),*]),
                }
            }

            fn register(registry: &mut ::poem_openapi::registry::Registry) {
                $crate::problem::register(registry, Self::SPECS, &[$($common),*]);
            }
        }
    };
    (from [$($source:ty => $convert:path),* $(,)?];
     $(#[$meta:meta])* $vis:vis enum $name:ident includes [$($common:expr),* $(,)?] {
        $($variant:ident = $status:literal $code:literal $title:literal $([$($spec:tt)+])?),* $(,)?
    }) => {
        $crate::problems! { @enum [$($source => $convert),*]
            $(#[$meta])* $vis enum $name includes [$($common),*] {
                $($variant = $status $code $title [$($($spec)+)?]),*
            }
        }
    };
    ($(#[$meta:meta])* $vis:vis enum $name:ident includes [$($common:expr),* $(,)?] {
        $($variant:ident = $status:literal $code:literal $title:literal $([$($spec:tt)+])?),* $(,)?
    }) => {
        $crate::problems! { @enum []
            $(#[$meta])* $vis enum $name includes [$($common),*] {
                $($variant = $status $code $title [$($($spec)+)?]),*
            }
        }
    };
}
