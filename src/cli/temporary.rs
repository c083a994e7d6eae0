//! The temporary file beside a result's place. It goes with the program: dropped, if that ends by itself; if a signal ends
//! it, removed by a thread that waits for signals meanwhile.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::{Builder, NamedTempFile, PersistError};

/// What to remove. Held while a file is created or moved, so that the name is always right.
static NAME: Mutex<Option<PathBuf>> = Mutex::new(None);

fn name() -> MutexGuard<'static, Option<PathBuf>> {
    NAME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new file in `folder`, with the mode that the umask leaves.
pub(super) fn create(folder: &Path) -> io::Result<NamedTempFile> {
    #[cfg(unix)]
    guard_against_signals()?;
    let mut builder = Builder::new();
    builder.prefix(".ftpscope-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut name = name();
    let file = builder.tempfile_in(folder)?;
    *name = Some(std::path::absolute(file.path())?);
    Ok(file)
}

/// Puts it in the place of `target`.
pub(super) fn persist(file: NamedTempFile, target: &Path) -> Result<File, PersistError> {
    let mut name = name();
    let file = file.persist(target)?;
    *name = None;
    Ok(file)
}

#[cfg(unix)]
fn guard_against_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
    let ignored = ignored();
    let endings = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU];
    let endings = endings.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let mut signals = signal_hook::iterator::Signals::new(endings)?;
    std::thread::Builder::new().name(String::from("signals")).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end: nothing is created or moved any more.
            let name = name();
            if let Some(name) = &*name {
                let _ = std::fs::remove_file(name);
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// The signals that this process was told to ignore (nohup(1), a shell's background), as the kernel's mask: they stay
/// ignored.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
