//! What is forgotten when its time is over.
//!
//! Nothing rings a bell: an entry that has expired is as good as gone for whoever looks it up. [`Conntrack::expire`]
//! finds them all, to be recorded.

use super::expectation::Fate;
use super::{Change, Conntrack, TableEvent};
use crate::ids::{EntryId, FrameId};
use crate::packet::Tag;
use crate::time::Instant;
use std::cmp::Reverse;

/// An entry or expectation whose time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// When.
    pub at: Instant,
    /// What is to be recorded.
    pub event: TableEvent,
    /// The last frame about it.
    pub last_frame: Option<FrameId>,
    /// The conversation it belongs to.
    pub tag: Option<Tag>,
}

impl Conntrack {
    /// Nothing expires before this.
    pub fn next_expiry(&self) -> Instant {
        let entry = self.deadlines.peek().map_or(Instant::NEVER, |Reverse((at, _))| *at);
        self.waiting.iter().map(|waiting| waiting.expectation.expires).min().map_or(entry, |at| at.min(entry))
    }

    /// Notes when an entry is to be looked at. An entry that lives longer than noted is noted again then, so that most
    /// packets cost no more than a comparison.
    pub(super) fn note_deadline(&mut self, id: EntryId) {
        let entry = &mut self.entries[id.index()];
        if entry.expires < entry.noted {
            entry.noted = entry.expires;
            self.deadlines.push(Reverse((entry.expires, id)));
        }
    }

    /// Forgets what has expired before `now`, in the order of time.
    pub fn expire(&mut self, now: Instant) -> Vec<Expired> {
        let mut expired = Vec::new();
        let entries = &self.entries;
        self.waiting.retain(|waiting| {
            let master = &entries[waiting.expectation.master.index()];
            let at = waiting.expectation.expires.min(master.expires);
            if at < now {
                let event = TableEvent::Expectation(Fate::Expired, waiting.expectation);
                expired.push(Expired { at, event, last_frame: waiting.last_frame, tag: waiting.tag });
            }
            at >= now
        });
        while let Some(&Reverse((at, id))) = self.deadlines.peek()
            && at < now
        {
            self.deadlines.pop();
            let entry = &mut self.entries[id.index()];
            if !entry.alive || entry.noted != at {
                continue;
            }
            entry.noted = Instant::NEVER;
            if entry.expires >= now {
                self.note_deadline(id);
                continue;
            }
            let (at, last_frame, tag) = (entry.expires, entry.last_frame, entry.tag);
            let gone = Change { state: None, ..entry.change(id) };
            // What it has announced has expired above at the latest.
            self.forget(id);
            expired.push(Expired { at, event: TableEvent::Entry(gone), last_frame, tag });
        }
        expired.sort_by_key(|expired| expired.at);
        expired
    }
}
