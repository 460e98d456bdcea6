//! A custom endpoint, such as the local cloud's, has no subdomain `env.`.

use aws_sdk_mwaa::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_mwaa::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_mwaa::error::BoxError;

/// Removes the prefix that the SDK adds to every host.
#[derive(Debug)]
pub(crate) struct AsItIs;

impl Intercept for AsItIs {
    fn name(&self) -> &'static str {
        "AsItIs"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri = context.request().uri().replacen("://env.", "://", 1);
        context.request_mut().set_uri(uri)?;
        Ok(())
    }
}
