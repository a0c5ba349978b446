//! A body that has one of several schemas.

/// Describes a type as having one of these schemas, for the OpenAPI document. poem-openapi's own unions would also parse
/// and write the type, which serde does here.
#[macro_export]
macro_rules! one_of {
    ($name:ident: $($variant:ty),+) => {
        impl ::poem_openapi::types::Type for $name {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_ref() -> ::poem_openapi::registry::MetaSchemaRef {
                let one_of = vec![$(<$variant as ::poem_openapi::types::Type>::schema_ref()),+];
                let any = ::poem_openapi::registry::MetaSchema::ANY;
                let schema = ::poem_openapi::registry::MetaSchema { one_of, ..any };
                ::poem_openapi::registry::MetaSchemaRef::Inline(Box::new(schema))
            }

            fn register(registry: &mut ::poem_openapi::registry::Registry) {
                $(<$variant as ::poem_openapi::types::Type>::register(registry);)+
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(::std::iter::once(self))
            }
        }
    };
}
