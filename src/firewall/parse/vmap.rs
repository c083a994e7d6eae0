//! Verdict maps: `ct state vmap { established : accept, related : accept, invalid : drop }`.

use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::Kind;
use crate::firewall::{Action, Test};

/// What follows `vmap`. `read` takes one key.
pub(super) fn elements<'a>(
    cursor: &mut Cursor<'a>,
    read: impl Fn(&mut Cursor<'a>) -> Step<Test>,
) -> Step<Vec<(Test, Action)>> {
    const EXAMPLE: &str = "a map such as `{ 21 : accept, 22 : drop }`";
    let Some(open) = cursor.next() else { return Err(cursor.missing(EXAMPLE)) };
    if open.text != "{" || open.kind != Kind::Sign {
        return Err(unexpected(&open, EXAMPLE));
    }
    let mut found = Vec::new();
    while !cursor.eat("}") {
        // The lexer takes a colon for a part of the word before it.
        cursor.split_colon();
        let key = read(cursor)?;
        if !cursor.eat(":") {
            return Err(match cursor.peek() {
                Some(token) => unexpected(token, "`:` and a verdict"),
                None => cursor.missing("`:` and a verdict"),
            });
        }
        found.push((key, verdict(cursor)?));
        if !cursor.eat(",") && !cursor.is("}") {
            return Err(match cursor.peek() {
                Some(token) => error(&token.span, "between the elements of a map stands a comma", ""),
                None => error(&open.span, "this map is never closed", "end it with `}`"),
            });
        }
    }
    if found.is_empty() {
        return Err(error(&cursor.span_from(open.span.start), "this map is empty: nothing would ever match", ""));
    }
    Ok(found)
}

fn verdict(cursor: &mut Cursor<'_>) -> Step<Action> {
    #[derive(Clone, Copy)]
    enum Word {
        Accept,
        Drop,
        Return,
        Jump,
        Goto,
    }
    let words = [
        ("accept", Word::Accept),
        ("drop", Word::Drop),
        ("return", Word::Return),
        ("jump", Word::Jump),
        ("goto", Word::Goto),
    ];
    Ok(match cursor.one_of("a verdict in a map", &words)? {
        Word::Accept => Action::Accept,
        Word::Drop => Action::Drop,
        Word::Return => Action::Return,
        Word::Jump => Action::Jump(cursor.word("the name of a chain")?.text.to_owned()),
        Word::Goto => Action::Goto(cursor.word("the name of a chain")?.text.to_owned()),
    })
}
