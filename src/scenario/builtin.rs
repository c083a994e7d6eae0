//! The scenarios that ship with the program: the files under `scenarios/`, embedded.

/// A scenario that ships with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// The name on the command line: the file's name without its ending.
    pub name: &'static str,
    /// The file.
    pub source: &'static str,
}

macro_rules! builtins {
    ($($name:literal),* $(,)?) => {
        /// All of them, in the order a lesson would take them.
        const ALL: &[Builtin] = &[$(Builtin {
            name: $name,
            source: include_str!(concat!("../../scenarios/", $name, ".toml")),
        }),*];
    };
}

builtins![
    "open",
    "classic",
    "classic-reject",
    "host-firewall",
    "server-firewall",
    "closed-port",
    "no-server",
    "client-nat",
    "nat-helper",
    "tls-blind",
    "fxp",
    "bounce",
    "server-nat",
    "lossy-line",
];

/// All scenarios that ship with the program, in the order a lesson would take them.
pub const fn builtins() -> &'static [Builtin] {
    ALL
}

/// The one called `name`.
pub fn builtin(name: &str) -> Option<Builtin> {
    ALL.iter().copied().find(|builtin| builtin.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_under_scenarios_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let mut files: Vec<String> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        let mut embedded: Vec<String> = ALL.iter().map(|builtin| format!("{}.toml", builtin.name)).collect();
        files.sort();
        embedded.sort();
        assert_eq!(files, embedded);
    }
}
