//! The message in the format that Amazon Q Developer in chat applications posts to Slack or Microsoft Teams: a
//! [custom notification][doc].
//!
//! The text of a fact comes from outside: no part of it may become a mention, a link or markup.
//!
//! [doc]: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html

use serde_json::json;
use trimtab_core::fact::Fact;
use trimtab_core::port::Message;
use trimtab_core::text::one_line;

use crate::console_links::ConsoleLinks;
use crate::digest::Batch;
use crate::templates::{self, Template};
use crate::{fact, runbook};

/// Longest title, line, thread ID and keyword. The service has larger limits, and a channel shows less.
const TITLE_MAX: usize = 200;
const LINE_MAX: usize = 250;
const THREAD_MAX: usize = 200;
const KEYWORD_MAX: usize = 60;

/// Largest number of reasons, and of lines of a digest; the subscribers' message has all.
const REASONS_MAX: usize = 5;
const DIGEST_MAX: usize = 10;

/// One line without markup: in both clients, these characters make links, mentions, emphasis and code.
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

/// The parts of a notification that the subscribers' message does not have.
struct Parts {
    id: String,
    lines: Vec<String>,
    next_steps: Vec<String>,
    summary: String,
    resources: Vec<String>,
}

/// The notification of a fact.
pub(crate) fn message(fact: &Fact, template: Template, links: &ConsoleLinks<'_>) -> Message {
    let mail = templates::message_of(fact, template, links);
    let reasons = fact.reasons.iter().take(REASONS_MAX).map(|reason| format!("- {}", plain(reason, LINE_MAX)));
    let model = mail.attributes.get("model").map_or("", String::as_str);
    let arns = fact::details(fact).map(|(_, value)| value).filter(|value| value.starts_with("arn:"));
    let mut next_steps = vec![plain(template.next, LINE_MAX), command(&links.command(fact))];
    next_steps.extend(runbook::link(fact.kind).map(|section| format!("Runbook: {section}")));
    let parts = Parts {
        id: trimtab_core::text::digest(&[fact.kind.as_str(), &fact.dedup_key()], 32),
        lines: reasons.chain([String::new(), links.link(fact)]).collect(),
        next_steps,
        summary: format!("{model}: {}", template.what),
        resources: arns.take(REASONS_MAX).map(|arn| plain(arn, LINE_MAX)).collect(),
    };
    notification(mail, &parts)
}

/// The notification of a digest.
pub(crate) fn digest(batch: Batch<'_>, link: String) -> Message {
    let mail = batch.mail();
    let mut lines: Vec<String> =
        batch.lines.iter().take(DIGEST_MAX).map(|line| format!("- {}", plain(&line.text, LINE_MAX))).collect();
    if batch.lines.len() > DIGEST_MAX {
        lines.push(format!("and {} more", batch.lines.len() - DIGEST_MAX));
    }
    lines.extend([String::new(), link]);
    let parts = Parts {
        id: trimtab_core::text::digest(&["Digest", &batch.dedup_key()], 32),
        lines,
        next_steps: vec![batch.next_step().to_owned(), command(&format!("trimtab history {}", batch.owner()))],
        summary: mail.subject.clone(),
        resources: Vec::new(),
    };
    notification(mail, &parts)
}

fn command(text: &str) -> String {
    format!("`{}`", plain(text, LINE_MAX))
}

fn notification(mail: Message, parts: &Parts) -> Message {
    let attribute = |name: &str| mail.attributes.get(name).map_or("", String::as_str);
    let keyword = |name: &str| plain(attribute(name), KEYWORD_MAX);
    let body = json!({
        "version": "1.0",
        "source": "custom",
        "id": parts.id,
        "content": {
            "textType": "client-markdown",
            "title": plain(&mail.subject, TITLE_MAX),
            "description": parts.lines.join("\n"),
            "nextSteps": parts.next_steps,
            "keywords": [keyword("model"), keyword("severity"), keyword("kind")],
        },
        "metadata": {
            "threadId": plain(attribute("thread"), THREAD_MAX),
            "summary": plain(&parts.summary, TITLE_MAX),
            "eventType": keyword("kind"),
            "relatedResources": parts.resources,
        },
    });
    Message { body: body.to_string(), ..mail }
}
