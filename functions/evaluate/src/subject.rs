//! The version that an event is about.

use trimtab_core::event::{Approval, Body, Event};
use trimtab_core::name::PackageArn;
use trimtab_core::policy::{Key, KeyKind};
use trimtab_core::reactor::Subject;

use crate::fact;
use crate::naming::version_of;
use crate::state::State;

pub(crate) fn subject(event: &Event) -> Subject {
    match &event.body {
        Body::Package(package) if package.approval == Approval::Pending => {
            Subject::Key(Key { kind: KeyKind::PackageGroup, name: package.group.as_str().to_owned() })
        }
        // The rule delivers every execution of a state machine named `*-tests`. One whose name has no version was
        // started by an operator: without this guard, it would be dead-lettered as one of an unknown model.
        Body::StateMachineExecution(execution) if version_of(execution.execution_arn.name()).is_some() => {
            Subject::Key(Key { kind: KeyKind::StateMachine, name: execution.state_machine_arn.as_str().to_owned() })
        }
        Body::Fact(fact) => fact.model.clone().map_or(Subject::None, Subject::Model),
        _ => Subject::None,
    }
}

/// Name of the version's aggregate; `candidates` for events about the model.
pub(crate) fn aggregate(event: &Event) -> String {
    let version = match &event.body {
        Body::Package(package) => Some(package.version),
        Body::StateMachineExecution(execution) => version_of(execution.execution_arn.name()),
        Body::Fact(fact) => fact::requested(fact).map(|package| package.version()),
        _ => None,
    };
    version.map_or_else(|| "candidates".to_owned(), |version| format!("candidate#{version}"))
}

/// The version that the event names; of an execution, the version in the state that it tests.
pub(crate) fn package(event: &Event, state: &State) -> Option<PackageArn> {
    match &event.body {
        Body::Package(package) => Some(package.arn.clone()),
        Body::Fact(fact) => fact::requested(fact),
        Body::StateMachineExecution(execution) => {
            let candidate = state.candidate.as_ref()?;
            (candidate.request.name == execution.execution_arn.name()).then(|| candidate.package.clone())
        }
        _ => None,
    }
}
