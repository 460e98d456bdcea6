//! The message as Amazon Q Developer in chat applications posts it to Slack or Microsoft Teams: its
//! [custom notification][doc].
//!
//! What a fact says came from outside: nothing of it can be read as a mention, a link or markup.
//!
//! [doc]: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html

use serde_json::json;
use trimtab_core::fact::Fact;
use trimtab_core::port::Message;
use trimtab_core::text::one_line;

use crate::console_links::ConsoleLinks;
use crate::digest::Line;
use crate::templates;

/// The longest title, line, thread's id and keyword. The service has limits of its own on these, and a
/// channel shows less than it takes.
const TITLE_MAX: usize = 200;
const LINE_MAX: usize = 250;
const THREAD_MAX: usize = 200;
const KEYWORD_MAX: usize = 60;

/// How many reasons, and how many lines of a digest, a channel is shown; the mail has all.
const REASONS_MAX: usize = 5;
const DIGEST_MAX: usize = 10;

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

/// What a notification has besides what the mail has, too.
struct Shown {
    id: String,
    lines: Vec<String>,
    next: [String; 2],
    summary: String,
    resources: Vec<String>,
}

/// The message for a fact.
pub(crate) fn message(fact: &Fact, place: &ConsoleLinks<'_>) -> Message {
    let people = templates::message(fact, place);
    let (what, next) = templates::words(fact.kind);
    let reasons = fact.reasons.iter().take(REASONS_MAX).map(|reason| format!("- {}", plain(reason, LINE_MAX)));
    let model = people.attributes.get("model").map_or("", String::as_str);
    let resources = fact.details.values().filter(|value| value.starts_with("arn:")).map(|arn| plain(arn, LINE_MAX));
    let shown = Shown {
        id: trimtab_core::text::digest(&[fact.kind.as_str(), &fact.dedup_key], 32),
        lines: reasons.chain([String::new(), place.link(fact)]).collect(),
        next: [next.to_owned(), place.command(fact)],
        summary: format!("{model}: {what}"),
        resources: resources.take(REASONS_MAX).collect(),
    };
    notification(people, &shown)
}

/// The message for a digest of these lines, oldest first; `people` is the mail that has them.
pub(crate) fn digest(people: Message, dedup_key: &str, lines: &[&Line], link: String) -> Message {
    let shown = lines.iter().take(DIGEST_MAX).map(|line| format!("- {}", plain(&line.says, LINE_MAX)));
    let more = lines.len().saturating_sub(DIGEST_MAX);
    let more = (more > 0).then(|| format!("and {more} more"));
    let model = people.attributes.get("model").map_or("", String::as_str);
    let shown = Shown {
        id: trimtab_core::text::digest(&["Digest", dedup_key], 32),
        lines: shown.chain(more).chain([String::new(), link]).collect(),
        next: ["Nothing to do.".to_owned(), format!("trimtab history {model}")],
        summary: people.subject.clone(),
        resources: Vec::new(),
    };
    notification(people, &shown)
}

fn notification(people: Message, shown: &Shown) -> Message {
    let attribute = |name: &str| people.attributes.get(name).map_or("", String::as_str);
    let keyword = |name: &str| plain(attribute(name), KEYWORD_MAX);
    let [next, command] = &shown.next;
    let body = json!({
        "version": "1.0",
        "source": "custom",
        "id": shown.id,
        "content": {
            "textType": "client-markdown",
            "title": plain(&people.subject, TITLE_MAX),
            "description": shown.lines.join("\n"),
            "nextSteps": [plain(next, LINE_MAX), format!("`{}`", plain(command, LINE_MAX))],
            "keywords": [keyword("model"), keyword("severity"), keyword("kind")],
        },
        "metadata": {
            "threadId": plain(attribute("thread"), THREAD_MAX),
            "summary": plain(&shown.summary, TITLE_MAX),
            "eventType": keyword("kind"),
            "relatedResources": shown.resources,
        },
    });
    Message { body: body.to_string(), ..people }
}
