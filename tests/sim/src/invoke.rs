//! Invokes a real function over the simulated services.

use serde_json::Value;
use trimtab_core::memory::run;
use trimtab_core::port::PortResult;
use trimtab_core::reactor::{Report, World};

use crate::services::{Function, Sim};

/// Invokes the function with an event.
///
/// # Errors
///
/// The function returned a transient failure to Lambda, or died.
pub fn invoke(sim: &Sim, function: Function, event: &Value) -> PortResult<Report> {
    let s = || sim.clone();
    let world = World::new(s(), s(), s());
    match function {
        Function::Integrate => {
            let reaction = integrate::Reaction {
                repositories: s(),
                pulls: s(),
                builds: s(),
                pipelines: s(),
                images: s(),
                definitions: s(),
                bus: s(),
                ledger: s(),
            };
            run(world.react(&reaction, event))?
        }
        Function::Retrain => {
            let reaction = retrain::Reaction { runs: s(), alarms: s(), monitors: s(), objects: s() };
            run(world.react(&reaction, event))?
        }
        Function::Deploy => {
            let reaction = deploy::Reaction { registry: s(), accounts: s(), pipelines: s(), stacks: s() };
            run(world.react(&reaction, event))?
        }
        Function::Evaluate => run(world.react(&evaluate::Reaction { registry: s(), machines: s() }, event))?,
        Function::Monitor => run(world.react(&monitor::Reaction { monitoring: s(), alarms: s() }, event))?,
        Function::Notify => {
            // Only the flows about chat have one: it would double the calls of every message.
            let chat = sim.services().chats.then(s);
            run(world.react(&notify::Reaction { topic: s(), chat, ledger: s() }, event))?
        }
        Function::Lineage => run(world.react(&lineage::Reaction { lineage: s() }, event))?,
        Function::Guard => run(world.react(&guard::Reaction { resources: s() }, event))?,
        Function::Reconcile => run(world.react(&reconcile::Reaction { ledger: s() }, event))?,
    }
}
