//! Where results go: standard output, or a file that is written whole or not at all.

use super::Failed;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

/// Prints what is ready.
pub(super) fn print(bytes: &[u8]) -> Result<(), Failed> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Lets `write` write to a file, or to standard output.
pub(super) fn write_to(
    file: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failed> {
    let Some(path) = file else {
        let mut out = BufWriter::new(io::stdout().lock());
        write(&mut out)?;
        out.flush()?;
        return Ok(());
    };
    let failed = |error: io::Error| {
        Failed::Usage(format!("ftpscope: cannot write '{}': {error}", crate::narrate::visible(&path.to_string_lossy())))
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // Beside its place and then moved there: a reader sees the old file or the whole new one.
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    {
        let mut out = BufWriter::new(temporary.as_file_mut());
        write(&mut out).map_err(failed)?;
        out.flush().map_err(failed)?;
    }
    readable_as_usual(&temporary).map_err(failed)?;
    temporary.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Temporary files are private; what the user asked for is not.
#[cfg(unix)]
fn readable_as_usual(file: &tempfile::NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_as_usual(_: &tempfile::NamedTempFile) -> io::Result<()> {
    Ok(())
}

/// How wide text may be: as the terminal, or a fixed width where nobody sees one.
pub(super) fn width(asked: Option<u16>) -> usize {
    const ELSEWHERE: u16 = 100;
    let terminal = || io::stdout().is_terminal().then(crossterm::terminal::size).and_then(Result::ok).map(|(w, _)| w);
    // A terminal of no width does not know its width.
    let terminal = || terminal().filter(|width| *width > 0);
    usize::from(asked.or_else(terminal).unwrap_or(ELSEWHERE).clamp(40, 1000))
}
