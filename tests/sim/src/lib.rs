//! The functions' own `decide` and `act`, over simulated services with a virtual clock: in process,
//! one seed is one run, no threads within a run, no sleeping. Faults strike at calls by their
//! number; the list of call sites comes from the ports' source.

#![allow(clippy::indexing_slicing, reason = "reading a JSON value by index gives null where nothing is")]

mod acts;
mod again;
pub mod baseline;
mod calendar;
mod candidate;
pub mod case;
pub mod check;
mod composite;
mod endings;
mod events;
pub mod faults;
pub mod flow;
mod function;
mod gathered;
mod guarded;
mod happen;
mod integrated;
mod invoke;
mod item;
mod journal;
mod ledger;
mod policies;
mod ports;
pub mod promise;
mod rules;
mod script;
pub mod services;
mod stacked;
mod staged;
mod tracked;
mod transformed;
mod watched;

include!(concat!(env!("OUT_DIR"), "/sites.rs"));
