//! The real binaries with faults on the wire: a sample in every test run, all cases in `make chaos`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it saw"
)]

use std::time::Instant;

use trimtab_tests::chaos::{Case, Environment, FAULTS, cases, play};

/// The sample has one in this many cases. The number is prime, so that each kind of fault meets each call.
const SLICE: usize = 17;

async fn run(choose: impl Fn(usize, &Case) -> bool) {
    let began = Instant::now();
    let env = Environment::start().await;
    let chosen: Vec<Case> =
        cases(&env).await.into_iter().enumerate().filter(|(n, case)| choose(*n, case)).map(|(_, c)| c).collect();
    let tally = play(&env, chosen).await;
    println!("{}", tally.summary(began.elapsed()));
    env.stop().await;
    assert!(tally.violations.is_empty(), "{:#?}", tally.violations);
    assert!(tally.injected * 10 > tally.cases * 9, "too few faults were injected to prove anything: {tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_slice_changes_no_result() {
    run(|number, _| number % SLICE == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "minutes: make chaos"]
async fn faults_at_every_call_change_no_result() {
    let every = std::env::var("EVERY").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    // From call to call another kind of fault, whatever is left out.
    let only = std::env::var("ONLY").ok().filter(|only| !only.is_empty());
    let of_flow = |case: &Case| only.as_ref().is_none_or(|only| *only == format!("{:?}", case.flow));
    run(|number, case| of_flow(case) && (number + number / FAULTS.len()).is_multiple_of(every)).await;
}
