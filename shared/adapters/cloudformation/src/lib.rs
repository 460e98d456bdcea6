//! [`Stacks`] over CloudFormation: a stack takes the package's ARN as a parameter.
//!
//! CloudFormation returns `ValidationError` with a sentence for most refusals; this module interprets the sentences.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Capability as Known, Parameter, Stack};
use jiff::Timestamp;
use trimtab_core::event::{StackRest, StackStatus};
use trimtab_core::name::StackName;
use trimtab_core::policy::Capability;
use trimtab_core::port::PortResult;
use trimtab_core::port::{ObservedStack, StackAccepted, StackCall, StackRequest, Stacks};
use trimtab_runtime::sdk::{code, failure, message};

const DESCRIBE: &str = "cloudformation:DescribeStacks";
const CREATE: &str = "cloudformation:CreateStack";
const UPDATE: &str = "cloudformation:UpdateStack";
const CONTINUE: &str = "cloudformation:ContinueUpdateRollback";
const DELETE: &str = "cloudformation:DeleteStack";

/// A client of CloudFormation.
#[derive(Debug, Clone)]
pub struct CloudFormation {
    client: Client,
}

impl CloudFormation {
    /// Creates a client for the account and region of `config`.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// Whether the stack's operation in progress is the requested one, or another.
    async fn adopt(&self, request: &StackRequest) -> PortResult<StackAccepted> {
        let actual = self.describe(&request.stack).await?;
        let at_it = actual.is_some_and(|actual| {
            actual.parameters == request.parameters && actual.status.stable_state() == StackRest::Moving
        });
        Ok(if at_it { StackAccepted::Started } else { StackAccepted::Busy })
    }
}

impl Stacks for CloudFormation {
    async fn describe(&self, stack: &StackName) -> PortResult<Option<ObservedStack>> {
        match self.client.describe_stacks().stack_name(stack.as_str()).send().await {
            Ok(found) => Ok(found.stacks().first().map(actual)),
            Err(error) if is_missing(message(&error)) => Ok(None),
            Err(error) => Err(failure(DESCRIBE, &error)),
        }
    }

    async fn create(&self, request: &StackRequest) -> PortResult<StackAccepted> {
        let call = self
            .client
            .create_stack()
            .stack_name(request.stack.as_str())
            .template_url(request.template.as_str())
            .role_arn(request.role.as_str())
            .set_parameters(Some(parameters(request)))
            .set_capabilities(Some(capabilities(request)))
            .client_request_token(&request.token);
        match call.send().await {
            Ok(_) => Ok(StackAccepted::Started),
            Err(error) if code(&error) == Some("TokenAlreadyExistsException") => Ok(StackAccepted::Started),
            Err(error) if code(&error) == Some("AlreadyExistsException") => self.adopt(request).await,
            Err(error) => Err(failure(CREATE, &error)),
        }
    }

    async fn update(&self, request: &StackRequest) -> PortResult<StackAccepted> {
        let call = self
            .client
            .update_stack()
            .stack_name(request.stack.as_str())
            .template_url(request.template.as_str())
            .role_arn(request.role.as_str())
            .set_parameters(Some(parameters(request)))
            .set_capabilities(Some(capabilities(request)))
            .client_request_token(&request.token);
        match call.send().await {
            Ok(_) => Ok(StackAccepted::Started),
            Err(error) if code(&error) == Some("TokenAlreadyExistsException") => Ok(StackAccepted::Started),
            Err(error) if is_nothing(message(&error)) => Ok(StackAccepted::Nothing),
            Err(error) if is_busy(message(&error)) => self.adopt(request).await,
            Err(error) => Err(failure(UPDATE, &error)),
        }
    }

    async fn proceed(&self, call: &StackCall) -> PortResult<()> {
        let sent = self
            .client
            .continue_update_rollback()
            .stack_name(call.stack.as_str())
            .role_arn(call.role.as_str())
            .client_request_token(&call.token);
        match sent.send().await {
            Ok(_) => Ok(()),
            // The operation is in progress or was completed.
            Err(error) if code(&error) == Some("TokenAlreadyExistsException") || is_busy(message(&error)) => Ok(()),
            Err(error) => Err(failure(CONTINUE, &error)),
        }
    }

    async fn delete(&self, call: &StackCall) -> PortResult<()> {
        let sent = self
            .client
            .delete_stack()
            .stack_name(call.stack.as_str())
            .role_arn(call.role.as_str())
            .client_request_token(&call.token);
        match sent.send().await {
            Ok(_) => Ok(()),
            Err(error) if code(&error) == Some("TokenAlreadyExistsException") => Ok(()),
            Err(error) => Err(failure(DELETE, &error)),
        }
    }
}

fn parameters(request: &StackRequest) -> Vec<Parameter> {
    let parameter =
        |(name, value): (&String, &String)| Parameter::builder().parameter_key(name).parameter_value(value).build();
    request.parameters.iter().map(parameter).collect()
}

fn capabilities(request: &StackRequest) -> Vec<Known> {
    let known = |capability: &Capability| match capability {
        Capability::Iam => Known::CapabilityIam,
        Capability::NamedIam => Known::CapabilityNamedIam,
    };
    request.capabilities.iter().map(known).collect()
}

fn actual(stack: &Stack) -> ObservedStack {
    let given = |parameter: &Parameter| {
        Some((parameter.parameter_key()?.to_owned(), parameter.parameter_value().unwrap_or_default().to_owned()))
    };
    let parameters: BTreeMap<String, String> = stack.parameters().iter().filter_map(given).collect();
    let changed = stack.last_updated_time().or(stack.creation_time());
    ObservedStack {
        status: StackStatus::new(stack.stack_status().map_or("unknown", |status| status.as_str())),
        reason: stack.stack_status_reason().map(str::to_owned),
        parameters,
        changed: changed.and_then(|time| Timestamp::from_millisecond(time.to_millis().ok()?).ok()),
    }
}

fn is_missing(message: &str) -> bool {
    message.contains("does not exist")
}

fn is_nothing(message: &str) -> bool {
    message.contains("No updates are to be performed")
}

/// Whether the message is such as "Stack:arn:… is in UPDATE_IN_PROGRESS state and can not be updated."
fn is_busy(message: &str) -> bool {
    message.contains("_IN_PROGRESS state")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_messages_are_classified() {
        assert!(is_missing("Stack with id tariffs-prod does not exist"));
        assert!(is_nothing("No updates are to be performed."));
        assert!(is_busy("Stack:arn:aws:cloudformation:… is in UPDATE_IN_PROGRESS state and can not be updated."));
        assert!(!is_busy("Stack:arn:… is in UPDATE_ROLLBACK_FAILED state and can not be updated."));
    }
}
