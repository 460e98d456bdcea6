//! Metrics as CloudWatch's [embedded metric format][emf]: one line of JSON, no call.
//!
//! [emf]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use std::io::Write;

use serde_json::{Value, json};
use trimtab_core::plan::Decision;
use trimtab_core::reactor::Report;

/// The metrics' namespace.
pub const NAMESPACE: &str = "Trimtab";

/// Writes the metrics of one reaction: its decision, the reason of a skip, and its duration.
pub fn emit(report: &Report, milliseconds: u64) {
    let _ = writeln!(std::io::stdout(), "{}", line(report, milliseconds));
}

/// The metrics of one reaction as a line of JSON.
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
                    {"Name": "Failures", "Unit": "Count"},
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
        "Failures": u8::from(entry.decision == Decision::Failed),
        "Latency": milliseconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_core::port::HistoryEntry;

    /// Those units of CloudWatch's `MetricDatum` that fit these metrics.
    const UNITS: [&str; 4] = ["Seconds", "Milliseconds", "Count", "None"];

    fn report(decision: Decision, codes: Vec<&'static str>) -> Report {
        let at = "2026-11-20T03:12:00.250Z".parse().unwrap();
        let entry = HistoryEntry {
            at,
            event_time: "2026-11-20T03:11:00Z".parse().unwrap(),
            function: "retrain".into(),
            owner: "churn".into(),
            event_id: "e".into(),
            source: "s".into(),
            detail_type: "d".into(),
            decision,
            reasons: vec![],
            actions: vec![],
        };
        Report { entry, codes, dedup_key: None, known: true, dead_lettered: false }
    }

    /// Checks the requirements of the [specification][super]; CloudWatch drops other lines without an error.
    fn is_embedded_metric_format(line: &Value) {
        let root = line.as_object().unwrap();
        let metadata = &line["_aws"];
        assert!(metadata["Timestamp"].is_i64(), "Timestamp is a number of milliseconds: {metadata}");
        for directive in metadata["CloudWatchMetrics"].as_array().unwrap() {
            let namespace = directive["Namespace"].as_str().unwrap();
            assert!((1..=1024).contains(&namespace.len()), "Namespace");
            let sets = directive["Dimensions"].as_array().unwrap();
            for name in sets.iter().flat_map(|set| set.as_array().unwrap()) {
                let value = root[name.as_str().unwrap()].as_str();
                let length = value.unwrap_or_else(|| panic!("dimension {name} has no text: {line}")).len();
                assert!((1..=1024).contains(&length), "dimension {name}");
            }
            assert!(sets.iter().all(|set| set.as_array().unwrap().len() <= 30), "at most 30 dimensions a set");
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()), "at most 100 metrics");
            for metric in metrics {
                let name = metric["Name"].as_str().unwrap();
                assert!(root[name].is_number(), "metric {name} has no number: {line}");
                assert!(UNITS.contains(&metric["Unit"].as_str().unwrap()), "{metric}");
            }
        }
    }

    #[test]
    fn each_decision_is_counted_under_its_name() {
        let cases = [
            (Decision::Acted, "acted", 0, 0),
            (Decision::Skipped, "skipped", 1, 0),
            (Decision::Deferred, "deferred", 0, 0),
            (Decision::Failed, "failed", 0, 1),
        ];
        for (decision, word, skips, rejects) in cases {
            let line = line(&report(decision, vec!["cool_down", "resumed_pending"]), 7);
            is_embedded_metric_format(&line);
            let counts = ["Reactions", "Skips", "Failures", "Latency"].map(|name| line[name].as_u64().unwrap());
            assert_eq!(counts, [1, skips, rejects, 7], "{word}");
            assert_eq!((&line["function"], &line["model"]), (&json!("retrain"), &json!("churn")));
            assert_eq!((&line["decision"], &line["reason"]), (&json!(word), &json!("cool_down")), "the first reason");
            let declared = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(declared["Namespace"], "Trimtab");
            let mut sets = vec![json!(["function"]), json!(["function", "model"]), json!(["function", "decision"])];
            // A dimension of all reasons would create, and bill, a metric for each reason of each decision.
            sets.extend((decision == Decision::Skipped).then(|| json!(["function", "reason"])));
            assert_eq!(declared["Dimensions"], json!(sets), "{word}");
            assert_eq!(line["_aws"]["Timestamp"], json!(1_795_144_320_250_i64), "when the function ended");
        }
    }
}
