//! Runs the functions' own `decide` and `act` over simulated services with a virtual clock, in one process. One seed is
//! one run, without threads and without sleeping. Faults are injected at calls by their number; the list of call sites
//! is generated from the source of the ports.

#![allow(clippy::indexing_slicing, reason = "reading a JSON value by index gives null where nothing is")]

pub mod baseline;
mod batch_ports;
mod bus;
mod calendar;
mod candidate;
pub mod case;
pub mod check;
mod ci_ports;
mod composite;
mod data_ports;
mod events;
pub mod faults;
pub mod flow;
mod flow_scripts;
mod function;
mod guard_ports;
mod invoke;
mod journal;
mod ledger;
mod lineage_ports;
mod monitoring_ports;
mod multi_account;
mod outcomes;
mod policies;
mod ports;
pub mod promise;
mod queued_item;
mod redelivery;
mod rules;
mod script;
pub mod services;
mod stack_ports;
mod world_events;

include!(concat!(env!("OUT_DIR"), "/sites.rs"));
