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
