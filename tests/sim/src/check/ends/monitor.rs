//! The monitoring of a live version, and lineage.

use super::End;
use crate::flow::Flow;

pub(super) fn check(end: &mut End<'_>) {
    match end.flow {
        Flow::ModelMonitoring => model_monitoring(end),
        Flow::LineageTracking => lineage_tracking(end),
        _ => {}
    }
}

fn model_monitoring(end: &mut End<'_>) {
    for missing in end.services.unmonitored(end.live()) {
        end.must(false, &missing);
    }
    end.must_report("Monitoring Started on monitoring/churn/data-quality/");
}

fn lineage_tracking(end: &mut End<'_>) {
    end.must_have_runs(1);
    end.must_serve(1);
    for missing in end.services.missing_lineage() {
        end.must(false, missing);
    }
}
