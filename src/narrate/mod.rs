//! Words for what happens, in English and Simplified Chinese. Everything is said from the fields of the frame and what
//! the trace knows; nothing is guessed.
//!
//! | file | subject |
//! |---|---|
//! | `language` | which language to speak |
//! | `messages`, `ids`, `*.ftl` | the catalogue, its ids, the texts: a translator edits only the last |
//! | `label` | the few words on an arrow of the ladder |
//! | `check` | what `check` says; limits; titles |
//! | `words` | outcomes, modes, fates |
//! | `unread` | why a captured frame was not read |
//! | `facts` | what a trace knows about a frame: who made a packet, what made it send |
//! | `phrase` | nodes, ports and packets inside sentences |
//! | `sentence`, `sent` | one sentence for any frame |
//! | `why` | one to three further sentences for the frames that deserve them |
//! | `note` | notes of a few words, for the rows of a ladder and the lines of a table |

mod check;
mod facts;
mod ids;
mod label;
mod language;
mod messages;
mod note;
mod phrase;
mod sent;
mod sentence;
mod unread;
mod why;
mod words;

#[cfg(test)]
mod tests;

pub use check::{limit, title, unmet, verdict, was};
pub use ids::Id;
pub use label::{endpoint_label, packet_label, port_label};
pub use language::{Language, UnknownLanguage};
pub use messages::{Arg, Messages};
pub use note::{knock_note, outcome_details, outcome_name, outcome_note, row_note, seconds};
pub use sentence::sentence;
pub use unread::unread_reason;
pub use why::why;
pub use words::{
    channel_name, command_result, ct_state, data_error, fate_name, loss_reason, milestone_name, mode_name, verdict_name,
};
