//! The files of a simulated machine: a tree in memory, given by the scenario.
//!
//! Directories exist because files are in them or because they were made; owners, permissions and times are not
//! modelled.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// The files of one machine, by absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSystem {
    /// Keys are normalised: `/pub/readme.txt`.
    files: BTreeMap<String, Bytes>,
    /// Directories that were made, and have been left empty or not.
    made: BTreeSet<String>,
}

/// One line of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The name within its directory.
    pub name: &'a str,
    /// The size in bytes; `None` for a directory.
    pub size: Option<u64>,
}

impl FileSystem {
    /// A root directory with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file at `path`, seen from the root; an existing one is replaced. False if there is a directory of that
    /// name, or a file where a directory is needed.
    pub fn add(&mut self, path: &str, body: Bytes) -> bool {
        let path = Self::resolve("/", path);
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        if self.is_dir(&path) || parents.into_iter().any(|parent| self.files.contains_key(parent)) {
            return false;
        }
        self.files.insert(path, body);
        true
    }

    /// Puts a file into a directory that is there already, as a server does. False if it cannot be created.
    pub fn write(&mut self, path: &str, body: Bytes) -> bool {
        let path = Self::resolve("/", path);
        self.can_write(&path) && self.add(&path, body)
    }

    /// Whether [`Self::write`] would succeed at this resolved path.
    pub fn can_write(&self, path: &str) -> bool {
        let parent = path.rsplit_once('/').map_or("/", |(parent, _)| if parent.is_empty() { "/" } else { parent });
        self.is_dir(parent) && !self.is_dir(path)
    }

    /// The content of the file at this resolved path.
    pub fn read(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path)
    }

    /// The size in bytes of the file at this resolved path.
    pub fn size(&self, path: &str) -> Option<u64> {
        self.read(path).map(|body| body.len() as u64)
    }

    /// Whether this resolved path is a directory. The root always is.
    pub fn is_dir(&self, path: &str) -> bool {
        path == "/" || self.made.contains(path) || self.inside(&format!("{path}/")).next().is_some()
    }

    /// Makes a directory at this resolved path, in one that is there. False if it cannot be made.
    pub fn make_dir(&mut self, path: &str) -> bool {
        self.can_write(path) && !self.files.contains_key(path) && self.made.insert(path.to_owned())
    }

    /// Removes the empty directory at this resolved path. False if there is none.
    pub fn remove_dir(&mut self, path: &str) -> bool {
        let empty = self.list(path).is_empty();
        empty && self.made.remove(path)
    }

    /// Removes the file at this resolved path. Its directory stays. False if there is none.
    pub fn remove(&mut self, path: &str) -> bool {
        let there = self.files.remove(path).is_some();
        if there {
            self.keep_dir(path);
        }
        there
    }

    /// Gives a file another resolved path; directories are not renamed. False if it cannot be done.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        if !self.can_write(to) {
            return false;
        }
        let Some(body) = self.files.remove(from) else { return false };
        self.keep_dir(from);
        self.files.insert(to.to_owned(), body);
        true
    }

    /// The directory that a file was in does not go with it.
    fn keep_dir(&mut self, path: &str) {
        if let Some((parent, _)) = path.rsplit_once('/').filter(|(parent, _)| !parent.is_empty()) {
            self.made.insert(parent.to_owned());
        }
    }

    /// What is in the directory at this resolved path, by name; nothing if it is none.
    pub fn list(&self, dir: &str) -> Vec<Entry<'_>> {
        let prefix = if dir == "/" { String::from("/") } else { format!("{dir}/") };
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for (path, body) in self.inside(&prefix) {
            let entry = match path[prefix.len()..].split_once('/') {
                Some((name, _)) => Entry { name, size: None },
                None => Entry { name: &path[prefix.len()..], size: Some(body.len() as u64) },
            };
            if entries.last() != Some(&entry) {
                entries.push(entry);
            }
        }
        for path in self.made.range(prefix.clone()..).take_while(|path| path.starts_with(&prefix)) {
            let name = path[prefix.len()..].split('/').next().unwrap_or_default();
            entries.push(Entry { name, size: None });
        }
        // `a.txt` sorts before `a/b`, but the directory `a` before `a.txt`.
        entries.sort_unstable_by_key(|entry| entry.name);
        entries.dedup();
        entries
    }

    fn inside(&self, prefix: &str) -> impl Iterator<Item = (&String, &Bytes)> {
        let prefix = prefix.to_owned();
        self.files.range(prefix.clone()..).take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// The absolute path that `path` means in directory `cwd`. `..` in the root is the root.
    pub fn resolve(cwd: &str, path: &str) -> String {
        let mut parts: Vec<&str> = Vec::new();
        let base = if path.starts_with('/') { "" } else { cwd };
        for part in base.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                name => parts.push(name),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// A text of exactly `len` bytes to stand for a file whose content does not matter: numbered lines.
    pub fn generated(len: u64) -> Bytes {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let mut body = Vec::with_capacity(len);
        let mut number = 0_u64;
        while body.len() < len {
            number += 1;
            // Writing to a Vec cannot fail.
            let _ = writeln!(body, "{number:>8}  A line of filler that ftpscope made for this file.");
        }
        body.truncate(len);
        body.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> FileSystem {
        let mut files = FileSystem::new();
        for path in ["readme.txt", "/pub/b.txt", "pub/a/x", "pub/a.txt", "pub/a/y"] {
            assert!(files.add(path, Bytes::from_static(b"hello")));
        }
        files
    }

    #[test]
    fn paths_cannot_leave_the_root() {
        assert_eq!(FileSystem::resolve("/pub", "a/../b.txt"), "/pub/b.txt");
        assert_eq!(FileSystem::resolve("/pub", "../../../etc//passwd"), "/etc/passwd");
        assert_eq!(FileSystem::resolve("/pub", "/"), "/");
        assert_eq!(FileSystem::resolve("/pub", ""), "/pub");
    }

    #[test]
    fn listings_are_by_name_with_each_directory_once() {
        let files = sample();
        let names = |dir| files.list(dir).iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names("/"), ["pub", "readme.txt"]);
        assert_eq!(names("/pub"), ["a", "a.txt", "b.txt"]);
        assert_eq!(names("/nowhere"), [""; 0]);
        assert_eq!(files.list("/pub")[0].size, None);
        assert!(files.is_dir("/pub/a") && !files.is_dir("/pub/a.txt") && !files.is_dir("/pu"));
    }

    #[test]
    fn files_and_directories_do_not_take_each_others_place() {
        let mut files = sample();
        assert!(!files.add("pub", Bytes::new()));
        assert!(!files.add("readme.txt/x", Bytes::new()));
        assert!(!files.write("/new/x", Bytes::new()) && files.write("/pub/new", Bytes::new()));
        assert_eq!(files.size("/pub/new"), Some(0));
    }

    #[test]
    fn generated_files_have_the_length_asked_for() {
        for len in [0, 1, 62, 20_000] {
            assert_eq!(FileSystem::generated(len).len() as u64, len);
        }
    }
}
