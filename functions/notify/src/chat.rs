//! The message as Amazon Q Developer in chat applications posts it to Slack or Microsoft Teams: its
//! [custom notification][doc].
//!
//! What a fact says came from outside: nothing of it can be read as a mention, a link or markup.
//!
//! [doc]: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html

use serde_json::json;
use trimtab_core::fact::Fact;
use trimtab_core::port::ml::Message;
use trimtab_core::text::one_line;

use crate::place::{Place, thread};
use crate::words;

/// The longest title, line, thread's id and keyword. The service has limits of its own on these, and a
/// channel shows less than it takes.
const TITLE_MAX: usize = 200;
const LINE_MAX: usize = 250;
const THREAD_MAX: usize = 200;
const KEYWORD_MAX: usize = 60;

/// How many reasons a channel is shown; the mail has all.
const REASONS_MAX: usize = 5;

/// One line that is words and nothing else: in both clients' markup, these characters make links,
/// mentions, emphasis and code.
fn plain(text: &str, max: usize) -> String {
    let word = |c: char| match c {
        '<' | '[' | '{' => '(',
        '>' | ']' | '}' => ')',
        '*' | '`' | '~' | '|' | '\\' => ' ',
        '&' => '+',
        '@' => '\u{ff20}',
        other => other,
    };
    one_line(&text.chars().map(word).collect::<String>(), max)
}

/// The message for a fact.
pub(crate) fn message(fact: &Fact, place: &Place<'_>) -> Message {
    let people = words::message(fact, place);
    let (what, next) = words::words(fact.kind);
    let reasons = fact.reasons.iter().take(REASONS_MAX).map(|reason| format!("- {}", plain(reason, LINE_MAX)));
    let lines: Vec<String> = reasons.chain([String::new(), place.link(fact)]).collect();
    let model = people.attributes.get("model").cloned().unwrap_or_default();
    let severity = people.attributes.get("severity").cloned().unwrap_or_default();
    let resources = fact.details.values().filter(|value| value.starts_with("arn:")).map(|arn| plain(arn, LINE_MAX));
    let body = json!({
        "version": "1.0",
        "source": "custom",
        "id": trimtab_core::text::digest(&[fact.kind.as_str(), &fact.matter], 32),
        "content": {
            "textType": "client-markdown",
            "title": plain(&words::subject(fact), TITLE_MAX),
            "description": lines.join("\n"),
            "nextSteps": [plain(next, LINE_MAX), format!("`{}`", plain(&place.command(fact), LINE_MAX))],
            "keywords": [plain(&model, KEYWORD_MAX), plain(&severity, KEYWORD_MAX), plain(fact.kind.as_str(), KEYWORD_MAX)],
        },
        "metadata": {
            "threadId": plain(&thread(&fact.matter), THREAD_MAX),
            "summary": plain(&format!("{model}: {what}"), TITLE_MAX),
            "eventType": plain(fact.kind.as_str(), KEYWORD_MAX),
            "relatedResources": resources.take(REASONS_MAX).collect::<Vec<_>>(),
        },
    });
    Message { body: body.to_string(), ..people }
}
