//! What LIST and NLST send (RFC 959, section 4.1.3): directory listings in vsftpd's format.
//!
//! There is no wall clock, so every file is as old as the simulation: `Jan 01 00:00`.

use super::files::Entry;
use bytes::Bytes;
use std::io::Write;

/// The lines of LIST, as `ls -l` has them: mode, links, owner, group, size, time, name.
pub(super) fn long<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Bytes {
    let mut text = Vec::new();
    for Entry { name, size } in entries {
        let (mode, links, size) = size.map_or(("drwxr-xr-x", 2, 4096), |size| ("-rw-r--r--", 1, size));
        // Writing to a Vec cannot fail.
        let _ = write!(text, "{mode} {links:>4} {:<8} {:<8} {size:>8} Jan 01 00:00 {name}\r\n", 0, 0);
    }
    text.into()
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
            long(entries),
            "drwxr-xr-x    2 0        0            4096 Jan 01 00:00 pub\r\n\
             -rw-r--r--    1 0        0              62 Jan 01 00:00 hello.txt\r\n"
        );
        assert_eq!(names("pub/", entries), "pub/pub\r\npub/hello.txt\r\n");
    }
}
