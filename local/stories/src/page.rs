//! The timeline as a page.

use askama::Template;
use trimtab_core::plan::Decision;

use crate::timeline::{Entry, Told};

#[derive(Template)]
#[template(path = "timeline.html")]
struct Page<'a> {
    stories: &'a [Told],
    took: &'a str,
    tally: [(&'static str, usize); 5],
}

/// The page; `took` says how long the stories took.
///
/// # Errors
/// The template could not be filled.
pub fn render(stories: &[Told], took: &str) -> Result<String, askama::Error> {
    let entries = || stories.iter().flat_map(|story| &story.chapters).flat_map(|chapter| &chapter.entries);
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
    /// Whether this is a message that a person received.
    pub(crate) fn is_message(&self) -> bool {
        self.source == "aws.sns"
    }

    /// The class that colours it.
    fn class(&self) -> &'static str {
        match (self.is_message(), &self.function) {
            (true, _) => "message",
            (false, None) => "said",
            (false, Some(_)) => self.decision.as_str(),
        }
    }

    fn clock(&self) -> String {
        self.at.strftime("%H:%M:%S%.3f").to_string()
    }

    /// The names of what was done.
    fn deeds(&self) -> Vec<String> {
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
    use crate::timeline::Chapter;

    #[test]
    fn what_comes_from_outside_is_text_on_the_page() {
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
        let chapter = Chapter { title: "A push".into(), seen: vec![], entries: vec![entry] };
        let told = Told { name: "loop".into(), about: "<b>all</b>".into(), chapters: vec![chapter] };
        let page = render(&[told], "1 s").unwrap();
        assert!(!page.contains("<script>alert") && !page.contains("<b>all"), "{page}");
        assert!(page.contains("codebuild:StartBuild"));
    }
}
