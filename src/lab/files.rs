//! The files that servers and clients have.

use super::quoted;
use super::words::printf;
use crate::scenario::{File, FileBody};
use std::fmt::Write;

/// Writes the files below `root`, a word of the shell.
pub(super) fn write(files: &[File], root: &str, out: &mut String) {
    for (path, body) in files {
        let target = below(root, path);
        let Some((folder, _)) = target.rsplit_once('/') else { continue };
        let _ = writeln!(out, "mkdir -p -- {folder}");
        let _ = match body {
            FileBody::Text(text) => writeln!(out, "{} >{target}", printf(text)),
            FileBody::Size(size) => writeln!(out, "filler {size} >{target}"),
        };
    }
}

/// The file `path` below `root`, a word of the shell: never outside of it, whatever the path.
pub(super) fn below(root: &str, path: &str) -> String {
    parts(path).fold(root.to_owned(), |all, part| format!("{all}/{}", quoted(part)))
}

/// The parts of a path that lead downwards.
pub(super) fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "." | ".."))
}
