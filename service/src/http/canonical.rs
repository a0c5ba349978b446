//! Path parameters that have one spelling.

use std::fmt::Display;

use poem::{Request, RequestBody, Result};
use poem_openapi::param;
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::types::ParseFromParameter;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use crate::problem::Problem;
use crate::problem::request::NOT_FOUND;

/// A path parameter in its canonical form, the one that responses have: `7`, never `007`.
///
/// Rules match on the text of a path. If another spelling reached the same object, a rule on that
/// object would not apply to it: any other spelling is an unknown path. Name it before the caller in an
/// operation's signature, so that this does not depend on who asks.
///
/// The name is fixed: poem-openapi recognizes path parameters by it.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<'a, T: ParseFromParameter + Display> ApiExtractor<'a> for Path<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
    const PARAM_IS_REQUIRED: bool = true;

    type ParamType = T;
    type ParamRawType = T::RawValueType;

    fn register(registry: &mut Registry) {
        param::Path::<T>::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        param::Path::<T>::param_in()
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        param::Path::<T>::param_schema_ref()
    }

    fn param_raw_type(&self) -> Option<&Self::ParamRawType> {
        self.0.as_raw_value()
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<T>,
    ) -> Result<Self> {
        let text = request.raw_path_param(options.name);
        match T::parse_from_parameters(text) {
            Ok(id) if text.is_some_and(|text| id.to_string() == text) => Ok(Self(id)),
            _ => Err(Problem::new(NOT_FOUND).detail(DETAIL).into()),
        }
    }
}

const DETAIL: &str = "Ids must be written exactly as in responses.";
