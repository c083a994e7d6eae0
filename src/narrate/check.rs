//! What `ftpscope check` says, and why a run was stopped.

use super::{Id, Language, Messages};
use crate::engine::LimitReached;
use crate::insight::{Finding, Subject, Unmet};
use crate::text::visible;

/// A title in a language: the Chinese one where there is one.
pub fn title<'a>(language: Language, title: &'a str, title_zh: Option<&'a str>) -> &'a str {
    title_zh.filter(|_| language == Language::ZhCn).unwrap_or(title)
}

/// `the run reached its limit of 200000 frames`
pub fn limit(messages: &Messages, limit: LimitReached) -> String {
    let (id, count) = match limit {
        LimitReached::Time(time) => (Id::LimitTime, time.to_string()),
        LimitReached::Frames(count) => (Id::LimitFrames, count.to_string()),
        LimitReached::Events(count) => (Id::LimitEvents, count.to_string()),
    };
    messages.format(id, &[("count", &count)])
}

/// `'ls' of session 2 (bob) in active mode: expected 'ok', but it was 'dropped' at office`
pub fn unmet(messages: &Messages, unmet: &Unmet) -> String {
    let happened = match &unmet.happened {
        Some(found) => finding(messages, found),
        None => messages.text(Id::CheckNeverRun),
    };
    let args = [
        ("command", subject(messages, &unmet.subject)),
        ("mode", unmet.mode.name().to_owned()),
        ("expected", finding(messages, &unmet.expected)),
        ("happened", happened),
    ];
    messages.format(Id::CheckUnmet, &args.each_ref().map(|(name, value)| (*name, value.as_str())))
}

/// `'ls' was 'dropped' at office`
pub fn was(messages: &Messages, about: &Subject, found: &Finding) -> String {
    let args = [("command", &*subject(messages, about)), ("happened", &*finding(messages, found))];
    messages.format(Id::CheckWas, &args)
}

/// How many expectations held.
pub fn verdict(messages: &Messages, held: usize, total: usize) -> String {
    let (held_text, count) = (held.to_string(), total.to_string());
    match (held == total, total) {
        (true, 0) => messages.text(Id::CheckNothing),
        (true, 1) => messages.text(Id::CheckOne),
        (true, _) => messages.format(Id::CheckAll, &[("count", &count)]),
        (false, _) => messages.format(Id::CheckFailed, &[("held", &held_text), ("count", &count)]),
    }
}

fn subject(messages: &Messages, subject: &Subject) -> String {
    let mut words = messages.format(Id::CheckCommand, &[("command", &visible(&subject.command))]);
    if let Some(number) = subject.number {
        words = messages.format(Id::CheckNumber, &[("command", &words), ("number", &number.to_string())]);
    }
    if let Some((session, client)) = &subject.session {
        let args = [("command", words.as_str()), ("session", &session.to_string()), ("client", &visible(client))];
        words = messages.format(Id::CheckSession, &args);
    }
    words
}

fn finding(messages: &Messages, found: &Finding) -> String {
    // The words of the scenario file, in every language: what is expected is written so.
    let mut words = messages.format(Id::CheckOutcome, &[("outcome", found.outcome.name())]);
    if let Some(node) = &found.at {
        words = messages.format(Id::CheckAt, &[("what", &words), ("node", &visible(node))]);
    }
    if let Some(code) = found.reply {
        words = messages.format(Id::CheckReply, &[("what", &words), ("code", &code.to_string())]);
    }
    if let Some((rule, line)) = &found.rule {
        let rule = visible(rule);
        words = match line {
            Some(line) => {
                messages.format(Id::CheckRuleLine, &[("what", &words), ("rule", &rule), ("line", &line.to_string())])
            }
            None => messages.format(Id::CheckRule, &[("what", &words), ("rule", &rule)]),
        };
    }
    words
}
