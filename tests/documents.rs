//! What the documents show is what the program does.

use ftpscope::{insight, scenario};

fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The text between a fence such as ```` ```toml ```` and the next one.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_picture_of_the_readme_is_the_programs_own() {
    let readme = file("README.md");
    let snapshot = file("src/tui/snapshots/ftpscope__tui__tests__drop_80x24.snap");
    let picture = snapshot.splitn(3, "---\n").nth(2).unwrap();
    assert_eq!(blocks(&readme, "text")[0].trim_end(), picture.trim_end());
}

#[test]
fn the_scenarios_of_the_documents_run_and_hold() {
    let mut seen = 0;
    for path in ["README.md", "docs/scenarios.md"] {
        let text = file(path);
        // A whole scenario has a title; the rest are fragments.
        for source in blocks(&text, "toml").into_iter().filter(|block| block.contains("title")) {
            let Ok(scenario) = scenario::parse(source, path) else { panic!("{path}:\n{source}") };
            let (_, unmet) = insight::check(&scenario).unwrap();
            assert_eq!(unmet, [], "{path}:\n{source}");
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

/// `docs/architecture.md` lists the modules ground floor first, and a module uses only what stands above it.
#[test]
fn modules_use_only_what_stands_below_them_in_the_house() {
    let table = file("docs/architecture.md");
    let rows =
        table.lines().skip_while(|line| !line.starts_with("| module")).skip(2).take_while(|line| line.starts_with('|'));
    let floors: Vec<Vec<&str>> = rows
        .map(|row| {
            row.split('|')
                .nth(1)
                .unwrap_or_default()
                .split('`')
                .skip(1)
                .step_by(2)
                .map(|name| name.trim_end_matches('/'))
                .collect()
        })
        .collect();
    let floor = |module: &str| floors.iter().position(|names| names.contains(&module));
    let mut wrong = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap();
            let shown = inside.display().to_string();
            let module = shown.split(['/', '.']).next().unwrap_or_default();
            // Tests may look anywhere.
            if path.extension().is_none_or(|ending| ending != "rs")
                || inside.with_extension("").iter().any(|part| is_test(part.to_str().unwrap()))
                || ["lib", "main"].contains(&module)
            {
                continue;
            }
            let own = floor(module).unwrap_or_else(|| panic!("{module} is missing in docs/architecture.md"));
            let source = std::fs::read_to_string(&path).unwrap();
            let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for (at, _) in line.match_indices("crate::") {
                    let used =
                        line[at + 7..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                    if floor(used).is_some_and(|used| used > own) {
                        wrong.push(format!("{shown}: {}", line.trim()));
                    }
                }
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of a folder do not import each other in circles: each can be read after those that it uses. A file `x.rs`
/// and its folder `x/` count as one. What a file takes from the folder's `mod.rs` counts for the file that `mod.rs` has
/// it from.
#[test]
fn no_files_of_a_folder_import_each_other_in_circles() {
    // What is left to open; the list may only shrink.
    let known = [
        "engine: host, ports, programs, simulation, timers, walk",
        "ftp/client: control, fxp, opening, session, transfer",
    ];
    let mut found = Vec::new();
    let root = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let files = rust_files(&folder);
        folders.extend(files.iter().filter(|path| path.is_dir()).cloned());
        let name = folder.strip_prefix(&root).unwrap().display().to_string();
        // The crate's root and its modules are held by the map above.
        if !name.is_empty() {
            found.extend(circles(&folder, &files).into_iter().map(|circle| format!("{name}: {}", circle.join(", "))));
        }
    }
    found.sort();
    assert_eq!(found, known, "circles among files");
}

/// Whether a file or folder is for tests only: `tests`, `NAME_tests`, and `testing`, which they share.
fn is_test(name: &str) -> bool {
    matches!(name, "tests" | "testing") || name.ends_with("_tests")
}

/// The head of every `mod.rs` has a table of the folder's files, and so has the head of the library.
#[test]
fn every_folder_says_what_its_files_are() {
    let root = std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut wrong = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        let files = rust_files(&folder);
        folders.extend(files.iter().filter(|path| path.is_dir()).cloned());
        let top = folder == root;
        let door = folder.join(if top { "lib.rs" } else { "mod.rs" });
        let Ok(source) = std::fs::read_to_string(&door) else { continue };
        let head = source.lines().take_while(|line| line.starts_with("//!"));
        let starts = if top { "//! - " } else { "//! | `" };
        let listed: Vec<String> = head
            .filter(|line| line.starts_with(starts))
            .flat_map(|line| {
                let cell = if top { line.split(':').next() } else { line.split('|').nth(1) };
                let names = cell.unwrap_or_default().split('`').skip(1).step_by(2);
                names.map(|name| name.trim_end_matches('/').to_owned()).collect::<Vec<_>>()
            })
            // What is no source: parts of shell scripts, catalogues.
            .filter(|name| !name.contains('.'))
            .collect();
        let holds_sources = |path: &std::path::Path| {
            !path.is_dir() || rust_files(path).iter().any(|inner| inner.extension().is_some_and(|it| it == "rs"))
        };
        let names =
            files.iter().filter(|path| holds_sources(path)).map(|path| path.file_stem().unwrap().to_str().unwrap());
        let mut there: Vec<&str> =
            names.filter(|name| !matches!(*name, "mod" | "lib" | "main") && !is_test(name)).collect();
        there.dedup();
        let place = door.strip_prefix(&root).unwrap().display();
        wrong.extend(
            there
                .iter()
                .filter(|name| !listed.iter().any(|it| it == *name))
                .map(|name| format!("{place} lacks {name}")),
        );
        wrong.extend(
            listed
                .iter()
                .filter(|name| !there.contains(&name.as_str()))
                .map(|name| format!("{place}: there is no {name}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is written here is true on every machine: nothing names a folder outside of the repository.
#[test]
fn no_source_names_a_folder_of_a_machine() {
    // In halves, so that this file does not name them.
    let folders: Vec<String> =
        ["../sha|red", "/wo|rk/", "/ho|me/", "/roo|t/"].iter().map(|halves| halves.replace('|', "")).collect();
    let temporary = "/tm|p/".replace('|', "");
    let mut wrong = Vec::new();
    let mut pending: Vec<std::path::PathBuf> = [
        "src",
        "tests",
        "docs",
        "benches",
        "examples",
        "scenarios",
        "fuzz",
        ".ci",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
    ]
    .iter()
    .map(|name| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
    .collect();
    while let Some(path) = pending.pop() {
        // What a fuzzer has made, and what it has built.
        if path.is_dir() && !path.ends_with("corpus") && !path.ends_with("target") {
            pending.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            // The shell's way to say "or where temporary files go": without a slash behind it.
            if folders.iter().any(|folder| line.contains(folder)) || line.replace(":-/tm", "").contains(&temporary) {
                wrong.push(format!("{}, line {}: {line}", path.display(), number + 1));
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The `.rs` files and folders in `folder`, in order.
fn rust_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.is_dir() || path.extension().is_some_and(|ending| ending == "rs"));
    files.sort();
    files
}

/// A source without comments and tests.
fn code(path: &std::path::Path) -> String {
    let source = std::fs::read_to_string(path).unwrap();
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The groups of modules of one folder that reach each other through their imports.
fn circles(folder: &std::path::Path, files: &[std::path::PathBuf]) -> Vec<Vec<String>> {
    use std::collections::{BTreeMap, BTreeSet};
    let stem = |path: &std::path::Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut modules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files {
        let name = stem(path);
        if name != "mod" && !is_test(&name) {
            modules.entry(name).or_default();
        }
    }
    // Which file `mod.rs` has a name from.
    let door = folder.join("mod.rs");
    let mut homes = BTreeMap::new();
    if door.exists() {
        for path in imports(&code(&door)) {
            if let [first, .., last] = &path[..]
                && modules.contains_key(first)
            {
                homes.insert(last.clone(), first.clone());
            }
        }
    }
    let inside: Vec<String> = {
        let path = folder.display().to_string();
        path.rsplit_once("/src/").unwrap().1.split('/').map(str::to_owned).collect()
    };
    let names: Vec<String> = modules.keys().cloned().collect();
    for name in &names {
        // The module's own file, one `super` below the folder, and its folder's files, deeper by one each.
        let mut pending = vec![(folder.join(format!("{name}.rs")), 1), (folder.join(name), 1)];
        while let Some((path, depth)) = pending.pop() {
            if path.is_dir() {
                for inner in rust_files(&path).into_iter().filter(|inner| !is_test(&stem(inner))) {
                    let depth = if stem(&inner) == "mod" { depth } else { depth + 1 };
                    pending.push((inner, depth));
                }
            } else if path.exists() {
                for import in imports(&code(&path)) {
                    let supers = import.iter().take_while(|part| *part == "super").count();
                    let rest = if supers == depth {
                        &import[supers..]
                    } else if import.first().is_some_and(|part| part == "crate") && import[1..].starts_with(&inside) {
                        &import[1 + inside.len()..]
                    } else {
                        continue;
                    };
                    let Some(first) = rest.first() else { continue };
                    let used = if modules.contains_key(first) { Some(first) } else { homes.get(first) };
                    let used = used.filter(|used| *used != name).cloned();
                    modules.get_mut(name).unwrap().extend(used);
                }
            }
        }
    }
    let reach = |from: &String| {
        let (mut seen, mut pending) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(at) = pending.pop() {
            pending.extend(modules[&at].iter().filter(|next| seen.insert((*next).clone())).cloned());
        }
        seen
    };
    let reached: BTreeMap<&String, BTreeSet<String>> = names.iter().map(|name| (name, reach(name))).collect();
    let mut groups = BTreeSet::new();
    for name in names.iter().filter(|name| reached[name].contains(*name)) {
        groups.insert(
            names
                .iter()
                .filter(|other| reached[name].contains(*other) && reached[other].contains(name))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    groups.into_iter().collect()
}

/// Every path that `use` brings in or that is written out with `super::` or `crate::`, part by part; a list in braces
/// is several.
fn imports(source: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let words = |path: &str| path.split("::").map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    for statement in source.split("\nuse ").chain(source.split("\npub use ")).skip(1) {
        let statement = statement.split(';').next().unwrap_or_default();
        flatten(statement, &[], &mut found);
    }
    for start in ["super::", "crate::"] {
        for (at, _) in source.match_indices(start) {
            let path: String =
                source[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            // `super::super::x` is found at its first word.
            if !source[..at].ends_with("super::") {
                found.push(words(path.trim_end_matches(':')));
            }
        }
    }
    found
}

/// The paths of a tree of imports such as `a::{b, c::{d, e as f}}`.
fn flatten(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let (mut depth, mut start) = (0_u32, 0);
    let mut branches = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                branches.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&tree[start..]);
    for branch in branches.iter().map(|branch| branch.trim()).filter(|branch| !branch.is_empty()) {
        let (path, inner) = match branch.split_once('{') {
            Some((path, inner)) => (path.trim_end_matches("::"), inner.rsplit_once('}').map(|(inner, _)| inner)),
            None => (branch.split(" as ").next().unwrap_or_default(), None),
        };
        let parts = path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        let whole: Vec<String> = before.iter().cloned().chain(parts).collect();
        match inner {
            Some(inner) => flatten(inner, &whole, found),
            None => found.push(whole),
        }
    }
}
