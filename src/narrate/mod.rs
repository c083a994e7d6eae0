//! Words for what happens, in English and Simplified Chinese. Everything is said from the fields of the frame and what
//! the trace knows; nothing is guessed.
//!
//! | file | subject |
//! |---|---|
//! | `language` | which language to speak |
//! | `messages`, `ids`, `*.ftl` | the catalogue, its ids, the texts: a translator edits only the last |
//! | `diagnostics`, `diagnostics-*.txt` | what rooms below say of mistakes, and the other languages' words for it |
//! | `spacing` | blanks between Chinese and Latin text |
//! | `packet_label` | the few words on an arrow of the ladder |
//! | `check` | what `check` says; limits; titles |
//! | `value_names` | outcomes, modes, fates |
//! | `unread` | why a captured frame was not read |
//! | `facts` | what a trace knows about a frame: who made a packet, what made it send |
//! | `mentions` | nodes, ports and packets inside sentences |
//! | `frame_sentence`, `packet_sentence` | one sentence for any frame |
//! | `why` | one to three further sentences for the frames that deserve them |
//! | `row_note` | notes of a few words, for the rows of a ladder and the lines of a table |

mod check;
mod diagnostics;
mod facts;
mod frame_sentence;
mod ids;
mod language;
mod mentions;
mod messages;
mod packet_label;
mod packet_sentence;
mod row_note;
mod spacing;
mod unread;
mod value_names;
mod why;

#[cfg(test)]
mod tests;

pub use check::{limit, title, unmet, verdict, was};
pub use frame_sentence::sentence;
pub use ids::Id;
pub use language::{Language, UnknownLanguage};
pub use messages::{Arg, Messages};
pub use packet_label::{endpoint_label, packet_label, port_label};
pub use row_note::{knock_note, outcome_details, outcome_name, outcome_note, row_note, seconds};
pub use unread::unread_reason;
pub use value_names::{
    channel_name, command_result, ct_state, data_error, fate_name, loss_reason, milestone_name, mode_name, verdict_name,
};
pub use why::why;
