//! Quantities with units: `5 ms`, `100 Mbit/s`, `2 kB`.
//!
//! Numbers are decimal and exact: no floating point, so that every platform reads the same.

use crate::message::{Message, Phrase, say};
use crate::suggest::{closest, did_you_mean, quote};
use crate::time::Duration;

/// Why a quantity is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitError {
    pub(crate) message: Message,
    pub(crate) help: Message,
}

type Units = [(&'static str, u64)];

const TIME: &Units = &[
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
const RATE: &Units =
    &[("bit/s", 1), ("kbit/s", 1_000), ("Mbit/s", 1_000_000), ("Gbit/s", 1_000_000_000), ("Tbit/s", 1_000_000_000_000)];
const BYTES_A_SECOND: &Units =
    &[("B/s", 1), ("kB/s", 1_000), ("MB/s", 1_000_000), ("KiB/s", 1 << 10), ("MiB/s", 1 << 20)];
const SIZE: &Units = &[
    ("B", 1),
    ("bytes", 1),
    ("byte", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// `5 ms`, `1.5 s`, `2 min`.
pub(crate) fn duration(text: &str) -> Result<Duration, UnitError> {
    quantity(text, (say!("a duration"), say!("duration")), say!("`5 ms`, `1.5 s` or `2 min`"), TIME, None)
        .map(Duration::from_nanos)
}

/// `100 Mbit/s`, in bits a second.
pub(crate) fn rate(text: &str) -> Result<u64, UnitError> {
    quantity(text, (say!("a bandwidth"), say!("bandwidth")), say!("`10 Mbit/s` or `64 kbit/s`"), RATE, None)
}

/// `50 kB/s`, in bytes a second.
pub(crate) fn bytes_a_second(text: &str) -> Result<u64, UnitError> {
    quantity(text, (say!("a rate"), say!("rate")), say!("`50 kB/s` or `1 MB/s`"), BYTES_A_SECOND, None)
}

/// `1 %`, `0.05 %`, in millionths.
pub(crate) fn percent(text: &str) -> Result<u64, UnitError> {
    match quantity(text, (say!("a percentage"), say!("percentage")), say!("`1 %` or `0.05 %`"), &[("%", 10_000)], None)?
    {
        millionths if millionths <= 1_000_000 => Ok(millionths),
        _ => Err(UnitError {
            message: say!("{} is more than everything", quote(text)),
            help: Message::from(say!("a percentage is between 0 % and 100 %")),
        }),
    }
}

/// `2 kB`, `1 MiB`, `300`, in bytes.
pub(crate) fn size(text: &str) -> Result<u64, UnitError> {
    quantity(text, (say!("a size"), say!("size")), say!("`2 kB`, `1 MiB` or `300 B`"), SIZE, Some(1))
}

fn quantity(
    text: &str,
    (what, noun): (Phrase, Phrase),
    examples: Phrase,
    units: &Units,
    bare: Option<u64>,
) -> Result<u64, UnitError> {
    let fail = |message: Message, help: Message| UnitError { message, help };
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim_start());
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') || (number.contains('.') && fraction.is_empty()) {
        return Err(fail(say!("{} is not {}", quote(text), what), say!("write a number and a unit: {}", examples)));
    }
    let factor = match (units.iter().find(|(name, _)| *name == unit), bare) {
        (Some(&(_, factor)), _) => factor,
        (None, Some(factor)) if unit.is_empty() => factor,
        (None, _) if unit.is_empty() => {
            return Err(fail(say!("{} needs a unit", what), say!("write for example {}", examples)));
        }
        (None, _) => {
            let names = || units.iter().map(|(name, _)| *name).filter(|name| name.is_ascii());
            let near = nearest(unit, names).map(|near| format!("{number} {near}"));
            let list = names().collect::<Vec<_>>().join(", ");
            return Err(fail(
                say!("{} is not a unit of {}", quote(unit), noun),
                did_you_mean(near.as_deref(), say!("units are {}", list)),
            ));
        }
    };
    let too_large = || fail(say!("{} is too large", quote(text)), say!("write for example {}", examples));
    let fraction = fraction.trim_end_matches('0');
    if whole.trim_start_matches('0').len() > 20 || fraction.len() > 12 {
        return Err(too_large());
    }
    let parts = |digits: &str| digits.parse::<u128>().unwrap_or(0);
    let value =
        parts(whole) * u128::from(factor) + parts(fraction) * u128::from(factor) / 10_u128.pow(fraction.len() as u32);
    u64::try_from(value).map_err(|_| too_large())
}

/// The unit that is meant by `hours`, `sec`, `MBit`.
fn nearest<'a, I: Iterator<Item = &'a str>>(unit: &str, names: impl Fn() -> I) -> Option<&'a str> {
    let lower = unit.to_lowercase();
    let longer = || names().find(|name| lower.len() > 2 && name.to_lowercase().starts_with(&lower));
    let shorter = || names().filter(|name| lower.starts_with(&name.to_lowercase())).max_by_key(|name| name.len());
    closest(unit, names()).or_else(longer).or_else(shorter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(duration("5 ms"), Ok(Duration::from_millis(5)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2 min"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("0 s"), Ok(Duration::ZERO));
        assert_eq!(rate("100 Mbit/s"), Ok(100_000_000));
        assert_eq!(bytes_a_second("50 kB/s"), Ok(50_000));
        assert_eq!(size("2 kB"), Ok(2000));
        assert_eq!(size("1.5 MiB"), Ok(1_572_864));
        assert_eq!(size("300"), Ok(300));
        assert_eq!(percent("1 %"), Ok(10_000));
        assert_eq!(percent("0.05%"), Ok(500));
        assert_eq!(percent("100 %"), Ok(1_000_000));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, part) in
            [("5", "needs a unit"), ("5 m", "not a unit of duration"), ("ms", "not a duration"), ("1. s", "not")]
        {
            assert!(duration(text).unwrap_err().message.contains(part), "{text}: {:?}", duration(text));
        }
        assert!(percent("101 %").unwrap_err().message.contains("more than everything"));
        assert!(percent("5").unwrap_err().message.contains("needs a unit"));
        assert!(duration("-5 ms").is_err());
        assert!(duration("99999999999999999999999 h").unwrap_err().message.contains("too large"));
        assert!(duration("18446744073709551616 ns").unwrap_err().message.contains("too large"));
        assert!(rate("100 MBit").unwrap_err().help.contains("did you mean `100 Mbit/s`"));
        assert!(duration("2 minutes").unwrap_err().help.contains("did you mean `2 min`"));
        assert!(rate("100 MBit/s").unwrap_err().help.contains("did you mean `100 Mbit/s`"));
    }
}
