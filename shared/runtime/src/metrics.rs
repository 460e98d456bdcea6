//! Metrics as CloudWatch's [embedded metric format][emf]: one line of JSON, no call.
//!
//! [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use std::io::Write;

use serde_json::{Value, json};
use trimtab_core::plan::Decision;
use trimtab_core::react::Report;

/// The metrics' namespace.
pub const NAMESPACE: &str = "Trimtab";

/// Writes the metrics of one reaction: how it ended, why it was skipped, how long it took.
pub fn emit(report: &Report, milliseconds: u64) {
    let _ = writeln!(std::io::stdout(), "{}", line(report, milliseconds));
}

/// The line.
#[must_use]
pub fn line(report: &Report, milliseconds: u64) -> Value {
    let entry = &report.entry;
    let skipped = entry.decision == Decision::Skipped;
    let mut dimensions = vec![json!(["function"]), json!(["function", "model"]), json!(["function", "decision"])];
    if skipped {
        dimensions.push(json!(["function", "reason"]));
    }
    json!({
        "_aws": {
            "Timestamp": entry.at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": dimensions,
                "Metrics": [
                    {"Name": "Reactions", "Unit": "Count"},
                    {"Name": "Skips", "Unit": "Count"},
                    {"Name": "Rejects", "Unit": "Count"},
                    {"Name": "Latency", "Unit": "Milliseconds"},
                ],
            }],
        },
        "function": entry.function,
        "model": entry.owner,
        "decision": entry.decision.as_str(),
        "reason": report.codes.first(),
        "Reactions": 1,
        "Skips": u8::from(skipped),
        "Rejects": u8::from(entry.decision == Decision::Rejected),
        "Latency": milliseconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_core::port::HistoryEntry;

    #[test]
    fn every_dimension_and_metric_that_is_declared_has_its_value() {
        let at = "2026-11-20T03:12:00Z".parse().unwrap();
        let entry = HistoryEntry {
            at,
            event_time: at,
            function: "retrain".into(),
            owner: "churn".into(),
            event_id: "e".into(),
            source: "s".into(),
            detail_type: "d".into(),
            decision: Decision::Skipped,
            reasons: vec![],
            actions: vec![],
        };
        let line = line(&Report { entry, codes: vec!["cool_down"], matter: None, known: true, kept: false }, 7);
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        let sets = declared["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap());
        for name in sets.chain(declared["Metrics"].as_array().unwrap().iter().map(|metric| &metric["Name"])) {
            assert!(!line[name.as_str().unwrap()].is_null(), "{name}");
        }
        assert_eq!((&line["reason"], &line["Skips"], &line["Latency"]), (&json!("cool_down"), &json!(1), &json!(7)));
    }
}
