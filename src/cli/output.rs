//! Where results go: standard output, or a file that is written whole or not at all.
//!
//! | the path leads to | what happens |
//! |---|---|
//! | nothing, or a file | a temporary file beside it takes its place once it is whole; mode and owner are kept |
//! | a file that nothing can take the place of | it is overwritten once the result is whole |
//! | a device, a FIFO, a socket, an open file | it is written to |
//!
//! Links are followed to their end: what they lead to is written, the link stays.

use super::{Failed, temporary};
use crate::text::visible;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// As many links as Linux follows (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// What writes a result.
type Writing<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Prints what is ready. A reader that has gone wants no more: no error.
pub(super) fn print(bytes: &[u8]) -> Result<(), Failed> {
    to_standard_output(&mut |out| out.write_all(bytes))
}

/// Lets `write` write to a file, or to standard output, which `-` is as well.
pub(super) fn write_to(
    file: Option<&Path>,
    mut write: impl FnMut(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failed> {
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        return to_standard_output(&mut write);
    };
    or_gone(to_path(path, &mut write)).map_err(|error| Failed::Output(Some(visible(&path.to_string_lossy())), error))
}

fn to_standard_output(write: Writing<'_>) -> Result<(), Failed> {
    or_gone(buffered(io::stdout().lock(), write)).map_err(|error| Failed::Output(None, error))
}

/// The reader of a pipe that goes away has seen what it wanted.
fn or_gone(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

fn buffered(out: impl Write, write: Writing<'_>) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let result = write(&mut out).and_then(|()| out.flush());
    // What could not be written is not tried again.
    drop(out.into_parts());
    result
}

fn to_path(path: &Path, write: Writing<'_>) -> io::Result<()> {
    let end = follow(path)?;
    if end == End::StandardOutput {
        return buffered(io::stdout().lock(), write);
    }
    let there = match std::fs::metadata(path) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match (&there, end) {
        (Some(there), _) if there.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        (Some(there), _) if is_socket(there) => buffered(connect(path)?, write),
        (Some(there), _) if !there.is_file() => buffered(OpenOptions::new().write(true).open(path)?, write),
        (there, End::Name(target)) => replace(&target, there.as_ref(), write),
        // It may have no name any more, and who opened it wants to go on with it.
        (_, End::OpenFile | End::StandardOutput) => buffered(OpenOptions::new().append(true).open(path)?, write),
    }
}

/// Where a path's links lead.
#[derive(PartialEq, Eq)]
enum End {
    /// To a name, whether or not something has it.
    Name(PathBuf),
    /// To a file that is open already: `/dev/fd/3`.
    OpenFile,
    /// To our own standard output. Opened anew, its position would be its beginning, and a socket cannot be opened.
    StandardOutput,
}

fn follow(path: &Path) -> io::Result<End> {
    let mut target = path.to_owned();
    for _ in 0..MOST_LINKS {
        // (What is no link is an invalid argument.)
        let Ok(next) = std::fs::read_link(&target) else { return Ok(End::Name(target)) };
        // Linux's links to open files: what they say is no path.
        let folder = folder(&target);
        if let Ok(place) = std::fs::canonicalize(folder)
            && place.starts_with("/proc")
            && place.ends_with("fd")
        {
            let own = std::fs::canonicalize("/proc/self/fd").is_ok_and(|own| own == place);
            let standard = own && target.file_name().is_some_and(|name| name == "1");
            return Ok(if standard { End::StandardOutput } else { End::OpenFile });
        }
        target = folder.join(next);
    }
    Err(io::Error::other("too many links lead from one to the other"))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Puts a new file in the place of `target`, which may be `there`.
fn replace(target: &Path, there: Option<&Metadata>, write: Writing<'_>) -> io::Result<()> {
    if there.is_some() {
        // Who may not write into it may not replace it either.
        OpenOptions::new().write(true).open(target)?;
    }
    // Beside its place and then moved there: a reader sees the old file or the whole new one.
    let mut temporary = match temporary::create(folder(target)) {
        Ok(temporary) => temporary,
        // A folder that takes no new files.
        Err(_) if there.is_some() => {
            let mut whole = tempfile::spooled_tempfile(16 << 20);
            buffered(&mut whole, write)?;
            return overwrite(target, &mut whole);
        }
        Err(error) => return Err(error),
    };
    buffered(temporary.as_file_mut(), write)?;
    if let Some(there) = there {
        dress_as(temporary.as_file(), there)?;
    }
    // Some systems find out only now that there is no room.
    match temporary.as_file().sync_all() {
        Err(error) if !matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            return Err(error);
        }
        _ => {}
    }
    match temporary::persist(temporary, target) {
        // A file that something is mounted on, or somebody else's in a folder like /tmp.
        Err(mut error) if there.is_some() => {
            error.file.rewind()?;
            overwrite(target, &mut error.file)
        }
        Err(error) => Err(error.error),
        Ok(_) => Ok(()),
    }
}

/// Writes what is whole over an existing file.
fn overwrite(target: &Path, whole: &mut (impl Read + Seek)) -> io::Result<()> {
    let length = whole.seek(io::SeekFrom::End(0))?;
    whole.rewind()?;
    let mut file = OpenOptions::new().write(true).open(target)?;
    reserve(&file, length)?;
    io::copy(whole, &mut file)?;
    // Files of /proc and their like have no length to set.
    file.set_len(length).or_else(|error| if error.kind() == io::ErrorKind::InvalidInput { Ok(()) } else { Err(error) })
}

/// Makes sure that there is room, while the old content is still there.
#[cfg(target_os = "linux")]
fn reserve(file: &File, length: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, length.max(1)) {
        Err(error @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT)) => Err(error.into()),
        // Not every file system can; then it is seen when it happens.
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Gives a file the owner, as far as possible, and the mode of another.
#[cfg(unix)]
fn dress_as(file: &File, other: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let own = file.metadata()?;
    let mut mode = other.mode() & 0o7777;
    if own.uid() != other.uid() && fchown(file, Some(other.uid()), None).is_err() {
        mode &= !0o4000;
    }
    if own.gid() != other.gid() && fchown(file, None, Some(other.gid())).is_err() {
        // What its group may, ours may not.
        mode &= !0o2070;
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn dress_as(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_socket(there: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    there.file_type().is_socket()
}

#[cfg(unix)]
fn connect(path: &Path) -> io::Result<impl Write> {
    std::os::unix::net::UnixStream::connect(path)
}

#[cfg(not(unix))]
fn is_socket(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn connect(_: &Path) -> io::Result<io::Sink> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// Whether text for `stream` may have colours: for a terminal whose user does not mind (<https://no-color.org>).
pub(super) fn is_styled(stream: &impl IsTerminal) -> bool {
    stream.is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
}

/// How wide text may be: as the terminal, or a fixed width where nobody sees one.
pub(super) fn width(asked: Option<u16>) -> usize {
    const ELSEWHERE: u16 = 100;
    let terminal = || io::stdout().is_terminal().then(crossterm::terminal::size).and_then(Result::ok).map(|(w, _)| w);
    // A terminal of no width does not know its width.
    let terminal = || terminal().filter(|width| *width > 0);
    usize::from(asked.or_else(terminal).unwrap_or(ELSEWHERE).clamp(40, 1000))
}
