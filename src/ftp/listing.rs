//! What LIST and NLST send (RFC 959, section 4.1.3), and MLSD (RFC 3659, section 7).
//!
//! There is no wall clock, so every file is as old as the simulation: `Jan 01 00:00`.

use super::ListStyle;
use super::files::Entry;
use bytes::Bytes;
use std::io::Write;

/// The lines of LIST, as `ls -l` has them: mode, links, owner, group, size, time, name.
pub(super) fn long<'a>(style: ListStyle, entries: impl IntoIterator<Item = Entry<'a>>) -> Bytes {
    let mut text = Vec::new();
    for Entry { name, size } in entries {
        let (mode, links, size) = size.map_or(("drwxr-xr-x", 2, 4096), |size| ("-rw-r--r--", 1, size));
        // Writing to a Vec cannot fail.
        let _ = match style {
            ListStyle::Vsftpd => write!(text, "{mode} {links:>4} {:<8} {:<8} {size:>8}", 0, 0),
            ListStyle::PureFtpd => write!(text, "{mode} {links:>4} {:<10} {:<10} {size:>10}", 0, 0),
            ListStyle::Proftpd => write!(text, "{mode} {links:>3} {:<8} {:<8} {size:>8}", "root", "root"),
        };
        let _ = write!(text, " Jan 01 00:00 {name}\r\n");
    }
    text.into()
}

/// The lines of MLSD: facts, a blank, the name.
pub(super) fn facts<'a>(facts: &[&str], entries: impl IntoIterator<Item = Entry<'a>>) -> Bytes {
    let mut text = Vec::new();
    for entry in entries {
        text.extend_from_slice(fact_line(facts, entry.name, entry.size).as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.into()
}

/// One line of MLSD or MLST; a directory has no size.
pub(super) fn fact_line(facts: &[&str], name: &str, size: Option<u64>) -> String {
    let value = |fact: &str| {
        Some(match (fact, size) {
            ("type", None) => "dir".to_owned(),
            ("type", Some(_)) => "file".to_owned(),
            ("size", size) => size?.to_string(),
            ("modify", _) => "20260101000000".to_owned(),
            ("perm", None) => "flcdmpe".to_owned(),
            ("perm", Some(_)) => "adfrw".to_owned(),
            ("UNIX.mode", None) => "0755".to_owned(),
            ("UNIX.mode", Some(_)) => "0644".to_owned(),
            ("UNIX.ownername" | "UNIX.groupname", _) => "root".to_owned(),
            // An inode's number on its device: the same for the same name.
            ("unique", _) => {
                let number = name.bytes().fold(0x9a80_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
                format!("fe00g{number:x}")
            }
            _ => "0".to_owned(),
        })
    };
    let mut line = String::new();
    for fact in facts {
        if let Some(value) = value(fact) {
            line.push_str(&format!("{fact}={value};"));
        }
    }
    line.push(' ');
    line.push_str(name);
    line
}

/// The lines of NLST: names, each with `prefix` before it, as the client asked for the directory.
pub(super) fn names<'a>(prefix: &str, entries: impl IntoIterator<Item = Entry<'a>>) -> Bytes {
    let mut text = Vec::new();
    for Entry { name, .. } in entries {
        let _ = write!(text, "{prefix}{name}\r\n");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_look_like_vsftpd_wrote_them() {
        let entries = [Entry { name: "pub", size: None }, Entry { name: "hello.txt", size: Some(62) }];
        assert_eq!(
            long(ListStyle::Vsftpd, entries),
            "drwxr-xr-x    2 0        0            4096 Jan 01 00:00 pub\r\n\
             -rw-r--r--    1 0        0              62 Jan 01 00:00 hello.txt\r\n"
        );
        assert_eq!(names("pub/", entries), "pub/pub\r\npub/hello.txt\r\n");
    }
}
