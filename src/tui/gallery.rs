//! The list of scenarios that ship with the program.

use crate::insight::{CommandOutcome, outcomes};
use crate::narrate::{Language, title};
use crate::scenario::{Scenario, builtins, parse};
use crate::trace::Trace;
use std::cell::OnceCell;

/// A scenario of the list, with what comes of it in both modes, found out when first looked at.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: &'static str,
    pub(super) scenario: Scenario,
    results: OnceCell<Vec<(Trace, Vec<CommandOutcome>)>>,
}

impl Item {
    pub(super) fn title(&self, language: Language) -> &str {
        title(language, &self.scenario.title, self.scenario.title_zh.as_deref())
    }

    pub(super) fn about(&self, language: Language) -> &str {
        let about = self.scenario.about.as_deref().unwrap_or_default();
        title(language, about, self.scenario.about_zh.as_deref())
    }

    /// What comes of the scenario in its own mode and in the opposite one.
    pub(super) fn results(&self) -> &[(Trace, Vec<CommandOutcome>)] {
        self.results.get_or_init(|| {
            let own = self.scenario.sessions.first().map(|session| session.mode).unwrap_or_default();
            let modes = if own.is_active() { [own, own.opposite()] } else { [own.opposite(), own] };
            let runs = modes.into_iter().filter_map(|mode| self.scenario.clone().with_mode(mode).run().ok());
            runs.map(|trace| {
                let outcomes = outcomes(&trace);
                (trace, outcomes)
            })
            .collect()
        })
    }
}

/// The list and what is selected.
#[derive(Debug)]
pub(super) struct Gallery {
    pub(super) items: Vec<Item>,
    pub(super) selected: usize,
}

impl Gallery {
    pub(super) fn new() -> Self {
        // A test makes sure that all of them parse.
        let items = builtins()
            .iter()
            .filter_map(|builtin| {
                let scenario = parse(builtin.source, builtin.name).ok()?;
                Some(Item { name: builtin.name, scenario, results: OnceCell::new() })
            })
            .collect();
        Self { items, selected: 0 }
    }

    pub(super) fn select(&mut self, forward: bool) -> bool {
        let before = self.selected;
        self.selected =
            if forward { (before + 1).min(self.items.len().saturating_sub(1)) } else { before.saturating_sub(1) };
        self.selected != before
    }

    pub(super) fn selected(&self) -> Option<&Item> {
        self.items.get(self.selected)
    }
}
