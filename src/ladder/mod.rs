//! The ladder: one column a node, one row a packet, drawn once for text and for the terminal.
//!
//! ```text
//!      0.153 *           |         X<== SYN 20 > 50121 BB ==============|
//!                        |         policy drop (line 9)                 |
//! ```
//!
//! | file | subject |
//! |---|---|
//! | `rows` | which rows there are, and which frame belongs to which |
//! | `geometry` | where the columns stand |
//! | `canvas` | a line of cells with roles |
//! | `fold` | bulk data in one row |
//! | `draw` | a row as lines |
//! | `glyphs` | line-drawing characters, and ASCII instead |

mod canvas;
mod draw;
mod fold;
mod geometry;
mod glyphs;
mod rows;

pub use canvas::{Canvas, Piece, Role, fit, text_width};
pub use draw::{draw_fold, draw_header, draw_row};
pub use fold::{Fold, Line, folded};
pub use geometry::Geometry;
pub use glyphs::{Glyphs, channel_mark};
pub use rows::{Ladder, Row, RowKind};
