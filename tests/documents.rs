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
    // The exceptions that docs/architecture.md calls words only stand in order.
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
                || shown.ends_with("tests.rs")
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
