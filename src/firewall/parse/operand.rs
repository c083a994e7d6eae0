//! What stands behind the thing that is looked at: an operator, and one value, a range, a list of bits or a set. The
//! shape is the same for every condition; `values` says what it means for each.

use super::RuleError;
use super::cursor::{Cursor, Step, error, unexpected};
use super::lex::{Kind, Token};
use crate::message::{Message, Phrase, say};
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// None is written.
    Implicit,
    Equal,
    Unequal,
    Below,
    UpTo,
    Above,
    From,
    /// `!`: none of these bits.
    Not,
}

impl Operator {
    /// Takes the operator that comes next, if one does.
    pub(super) fn take(cursor: &mut Cursor<'_>) -> Self {
        const ALL: [(&str, Operator); 14] = [
            ("==", Operator::Equal),
            ("eq", Operator::Equal),
            ("!=", Operator::Unequal),
            ("ne", Operator::Unequal),
            ("<", Operator::Below),
            ("lt", Operator::Below),
            ("<=", Operator::UpTo),
            ("le", Operator::UpTo),
            (">", Operator::Above),
            ("gt", Operator::Above),
            (">=", Operator::From),
            ("ge", Operator::From),
            ("!", Operator::Not),
            ("not", Operator::Not),
        ];
        ALL.into_iter().find(|(text, _)| cursor.eat(text)).map_or(Self::Implicit, |(_, operator)| operator)
    }

    /// Whether it compares for being the same, so that what is named is known of the packet.
    pub(super) const fn equates(self) -> bool {
        matches!(self, Self::Implicit | Self::Equal)
    }

    /// Whether it compares sizes.
    pub(super) const fn orders(self) -> bool {
        matches!(self, Self::Below | Self::UpTo | Self::Above | Self::From)
    }
}

/// One value, or several with `|` between them.
pub(super) type Value<'a> = Vec<Token<'a>>;

/// One value, range or prefix.
#[derive(Clone, Debug)]
pub(super) enum Item<'a> {
    Value(Value<'a>),
    /// `1024-65535`
    Range(Token<'a>, Token<'a>),
    /// `10.0.0.0/8`
    Prefix(Token<'a>, Token<'a>),
}

#[derive(Clone, Debug)]
pub(super) enum Form<'a> {
    One(Item<'a>),
    /// `syn,ack`, and where the first comma stands.
    List(Vec<Value<'a>>, Range<usize>),
    /// `syn / syn,ack`
    Masked(Vec<Value<'a>>, Vec<Value<'a>>),
    /// `{ a, b }`
    Set(Vec<Item<'a>>),
}

/// What a condition compares with.
#[derive(Clone, Debug)]
pub(super) struct Operand<'a> {
    pub(super) form: Form<'a>,
    pub(super) span: Range<usize>,
}

impl Item<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        match self {
            Self::Value(value) => span(value),
            Self::Range(first, last) | Self::Prefix(first, last) => first.span.start..last.span.end,
        }
    }
}

fn span(value: &Value<'_>) -> Range<usize> {
    let start = value.first().map_or(0, |token| token.span.start);
    start..value.last().map_or(start, |token| token.span.end)
}

impl<'a> Operand<'a> {
    /// Reads what follows the operator; `expected` says what should stand there, `example` shows a set of it.
    pub(super) fn take(cursor: &mut Cursor<'a>, expected: &Message, example: Phrase) -> Step<Self> {
        let start = cursor.start();
        let form = if cursor.is("{") { set(cursor, expected, example)? } else { plain(cursor, expected)? };
        Ok(Self { form, span: cursor.span_from(start) })
    }

    /// One key of a verdict map.
    pub(super) fn key(cursor: &mut Cursor<'a>, expected: &Message) -> Step<Self> {
        let item = item(cursor, expected)?;
        let span = item.span();
        Ok(Self { form: Form::Set(vec![item]), span })
    }
}

/// Without braces.
fn plain<'a>(cursor: &mut Cursor<'a>, expected: &Message) -> Step<Form<'a>> {
    let first = value(cursor, expected)?;
    if cursor.eat("-") {
        return Ok(Form::One(range(cursor, first, expected)?));
    }
    let mut values = vec![first];
    let comma = cursor.peek().map_or(0..0, |token| token.span.clone());
    list(cursor, &mut values, expected)?;
    if !cursor.is("/") {
        return Ok(match values.len() {
            1 => Form::One(Item::Value(values.remove(0))),
            _ => Form::List(values, comma),
        });
    }
    let slash = cursor.start();
    cursor.next();
    let mut masks = vec![value(cursor, expected)?];
    list(cursor, &mut masks, expected)?;
    match (&values[..], &masks[..]) {
        ([base], [mask]) => match (&base[..], &mask[..]) {
            ([base], [length]) if length.kind == Kind::Number => {
                Ok(Form::One(Item::Prefix(base.clone(), length.clone())))
            }
            // nft takes a single flag behind a slash for the beginning of a list.
            _ => Err(after_slash(&cursor.span_from(slash), base, mask)),
        },
        _ => Ok(Form::Masked(values, masks)),
    }
}

fn after_slash(span: &Range<usize>, base: &Value<'_>, mask: &Value<'_>) -> RuleError {
    let is_length = base.iter().all(|token| token.kind == Kind::Address);
    if is_length && let [length] = &mask[..] {
        let message = say!("{} is no prefix length", crate::suggest::quote(length.text));
        return error(&length.span, message, say!("write it as a plain number: `10.0.0.0/8`"));
    }
    let help =
        say!("nft wants a list here, with commas: `tcp flags syn / syn,ack`; for one flag write `tcp flags syn`");
    error(span, say!("behind `/` stand at least two flags"), help)
}

/// `, b, c`
fn list<'a>(cursor: &mut Cursor<'a>, values: &mut Vec<Value<'a>>, expected: &Message) -> Step<()> {
    while cursor.eat(",") {
        values.push(value(cursor, expected)?);
    }
    Ok(())
}

/// `{ a, b-c, }`, whose brace comes next.
fn set<'a>(cursor: &mut Cursor<'a>, expected: &Message, example: Phrase) -> Step<Form<'a>> {
    let Some(open) = cursor.next() else { return Err(cursor.missing(expected)) };
    let mut items = Vec::new();
    loop {
        if cursor.eat("}") {
            break;
        }
        if cursor.is("{") {
            let brace = cursor.start();
            cursor.leave_braces();
            return Err(error(&(brace..brace + 1), say!("a set holds values, and no other set"), Phrase::NONE));
        }
        if cursor.peek().is_none() {
            return Err(error(&open.span, say!("this set is never closed"), say!("end it with `}`")));
        }
        items.push(item(cursor, expected)?);
        if cursor.eat("}") {
            break;
        }
        if !cursor.eat(",") {
            return Err(match cursor.next() {
                Some(token) if token.text == ":" => {
                    cursor.leave_braces();
                    error(&token.span, say!("values with verdicts are a map"), say!("write `vmap` before the brace"))
                }
                Some(token) => error(&token.span, say!("between the elements of a set stands a comma"), example),
                None => error(&open.span, say!("this set is never closed"), say!("end it with `}`")),
            });
        }
        // nft takes several commas in a row.
        while cursor.eat(",") {}
    }
    if items.is_empty() {
        return Err(error(
            &cursor.span_from(open.span.start),
            say!("this set is empty: nothing would ever match"),
            Phrase::NONE,
        ));
    }
    Ok(Form::Set(items))
}

/// An element of a set, or a key of a map.
fn item<'a>(cursor: &mut Cursor<'a>, expected: &Message) -> Step<Item<'a>> {
    let first = value(cursor, expected)?;
    if cursor.eat("-") {
        return range(cursor, first, expected);
    }
    if let [base] = &first[..]
        && cursor.eat("/")
    {
        return match cursor.next() {
            Some(length) if length.kind == Kind::Number => Ok(Item::Prefix(base.clone(), length)),
            Some(other) => Err(after_slash(&other.span, &first, &vec![other.clone()])),
            None => Err(cursor.missing(say!("the length of the prefix"))),
        };
    }
    Ok(Item::Value(first))
}

fn range<'a>(cursor: &mut Cursor<'a>, first: Value<'a>, expected: &Message) -> Step<Item<'a>> {
    let last = value(cursor, expected)?;
    match (&first[..], &last[..]) {
        ([first], [last]) => Ok(Item::Range(first.clone(), last.clone())),
        _ => Err(cursor.unsupported(span(&first).start..span(&last).end, "|", Phrase::NONE)),
    }
}

/// `a`, `a | b`, `(a | b)`.
pub(super) fn value<'a>(cursor: &mut Cursor<'a>, expected: &Message) -> Step<Value<'a>> {
    let mut found = term(cursor, expected)?;
    while cursor.eat("|") {
        found.extend(term(cursor, expected)?);
    }
    if let Some(sign) =
        cursor.peek().cloned().filter(|token| token.kind == Kind::Sign && ["&", "^", "<<", ">>"].contains(&token.text))
    {
        return Err(cursor.unsupported(sign.span, sign.text, Phrase::NONE));
    }
    Ok(found)
}

fn term<'a>(cursor: &mut Cursor<'a>, expected: &Message) -> Step<Value<'a>> {
    if !cursor.eat("(") {
        return match cursor.next() {
            Some(token) if !matches!(token.kind, Kind::Sign | Kind::Unclosed) => Ok(vec![token]),
            Some(token) => Err(unexpected(&token, expected)),
            None => Err(cursor.missing(expected)),
        };
    }
    // Parentheses may stand in parentheses; a loop, since a text could have thousands.
    let mut open = 1_usize;
    let mut found = Vec::new();
    loop {
        while cursor.eat("(") {
            open += 1;
        }
        match cursor.next() {
            Some(token) if !matches!(token.kind, Kind::Sign | Kind::Unclosed) => found.push(token),
            Some(token) => return Err(unexpected(&token, expected)),
            None => return Err(cursor.missing(expected)),
        }
        while open > 0 && cursor.eat(")") {
            open -= 1;
        }
        if open == 0 {
            return Ok(found);
        }
        if !cursor.eat("|") {
            return Err(match cursor.next() {
                Some(token) => unexpected(&token, say!("`)`")),
                None => cursor.missing(say!("`)`")),
            });
        }
    }
}
