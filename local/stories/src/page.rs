//! The timeline as an HTML page.

use askama::Template;
use trimtab_core::plan::Decision;

use crate::timeline::{Entry, StoryReport};

#[derive(Template)]
#[template(path = "timeline.html")]
struct Page<'a> {
    stories: &'a [StoryReport],
    took: &'a str,
    tally: [(&'static str, usize); 5],
}

/// Renders the page; `took` is the duration of all stories, as text.
///
/// # Errors
/// The template cannot be rendered.
pub fn render(stories: &[StoryReport], took: &str) -> Result<String, askama::Error> {
    let entries = || stories.iter().flat_map(|story| &story.sections).flat_map(|section| &section.entries);
    let decided =
        |decision| entries().filter(|e| e.function.is_some() && !e.is_message() && e.decision == decision).count();
    let tally = [
        ("acted", decided(Decision::Acted)),
        ("skipped", decided(Decision::Skipped)),
        ("deferred", decided(Decision::Deferred)),
        ("failed", decided(Decision::Failed)),
        ("messages", entries().filter(|entry| entry.is_message()).count()),
    ];
    Page { stories, took, tally }.render()
}

impl Entry {
    /// Whether the entry is a received message.
    pub(crate) fn is_message(&self) -> bool {
        self.source == "aws.sns"
    }

    /// The CSS class, which sets the color.
    fn class(&self) -> &'static str {
        match (self.is_message(), &self.function) {
            (true, _) => "message",
            (false, None) => "aws",
            (false, Some(_)) => self.decision.as_str(),
        }
    }

    fn clock(&self) -> String {
        self.at.strftime("%H:%M:%S%.3f").to_string()
    }

    /// The names of the API calls.
    fn calls(&self) -> Vec<String> {
        let name = |action: &serde_json::Value| {
            let text = |field: &str| action.get(field).and_then(serde_json::Value::as_str);
            Some(format!("{}:{}", text("service").unwrap_or_default(), text("action")?))
        };
        self.actions.iter().filter_map(name).collect()
    }

    fn details(&self) -> String {
        self.actions.iter().map(|action| format!("{action:#}")).collect::<Vec<_>>().join("\n")
    }

    fn body(&self) -> &str {
        self.actions
            .first()
            .and_then(|action| action.get("body"))
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Section;

    #[test]
    fn page_escapes_external_text() {
        let entry = Entry {
            at: jiff::Timestamp::UNIX_EPOCH,
            source: "aws.codecommit".into(),
            event: "push".into(),
            function: Some("integrate".into()),
            model: None,
            decision: Decision::Acted,
            reasons: vec!["<script>alert(1)</script>".into()],
            actions: vec![serde_json::json!({"action": "StartBuild", "service": "codebuild"})],
        };
        let section = Section { title: "A push".into(), observed: vec![], entries: vec![entry] };
        let report = StoryReport { name: "loop".into(), about: "<b>all</b>".into(), sections: vec![section] };
        let page = render(&[report], "1 s").unwrap();
        assert!(!page.contains("<script>alert") && !page.contains("<b>all"), "{page}");
        assert!(page.contains("codebuild:StartBuild"));
    }
}
