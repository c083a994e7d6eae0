//! A line of cells, each with a character and a role.

use unicode_width::UnicodeWidthChar;

/// What a piece of text is, for the theme to colour. Text exports ignore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Ordinary text.
    #[default]
    Plain,
    /// Less important.
    Dim,
    /// The control channel.
    Control,
    /// The data channel.
    Data,
    /// A packet that died, a command that failed.
    Alarm,
    /// An open door, a completed handshake.
    Good,
    /// A heading.
    Strong,
}

/// A stretch of one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// What it is.
    pub role: Role,
}

/// A line of fixed width that is drawn on. What does not fit is cut off; a wide character that would be cut in half
/// becomes a space.
#[derive(Clone, Debug)]
pub struct Canvas {
    /// `None`: the right half of a wide character.
    cells: Vec<(Option<char>, Role)>,
}

impl Canvas {
    /// An empty line.
    pub fn new(width: usize) -> Self {
        Self { cells: vec![(Some(' '), Role::Plain); width] }
    }

    /// Its width in cells.
    pub const fn width(&self) -> usize {
        self.cells.len()
    }

    /// Draws text from `x` on; returns where it ends.
    pub fn put(&mut self, x: usize, text: &str, role: Role) -> usize {
        let mut x = x;
        for c in text.chars() {
            match c.width().unwrap_or(0) {
                0 => {}
                1 => {
                    self.set(x, c, role);
                    x += 1;
                }
                _ => {
                    if x + 1 < self.cells.len() {
                        self.set(x, c, role);
                        self.clear_wide(x + 1);
                        self.cells[x + 1] = (None, role);
                    } else {
                        self.set(x, ' ', role);
                    }
                    x += 2;
                }
            }
        }
        x
    }

    /// Draws one narrow character.
    pub fn set(&mut self, x: usize, c: char, role: Role) {
        if x < self.cells.len() {
            self.clear_wide(x);
            self.cells[x] = (Some(c), role);
        }
    }

    /// Before a cell is overwritten: a wide character that it is half of goes.
    fn clear_wide(&mut self, x: usize) {
        if self.cells[x].0.is_none() && x > 0 {
            self.cells[x - 1].0 = Some(' ');
        }
        if self.cells.get(x + 1).is_some_and(|cell| cell.0.is_none()) {
            self.cells[x + 1].0 = Some(' ');
        }
    }

    /// Draws a line of `c` over `from..to`.
    pub fn fill(&mut self, from: usize, to: usize, c: char, role: Role) {
        for x in from..to.min(self.cells.len()) {
            self.set(x, c, role);
        }
    }

    /// The line as stretches of one role, without trailing blanks.
    pub fn pieces(&self) -> Vec<Piece> {
        let end = self.cells.iter().rposition(|(c, _)| *c != Some(' ')).map_or(0, |last| last + 1);
        let mut pieces: Vec<Piece> = Vec::new();
        for (c, role) in &self.cells[..end] {
            let Some(c) = c else { continue };
            match pieces.last_mut() {
                Some(last) if last.role == *role || *c == ' ' => last.text.push(*c),
                _ => pieces.push(Piece { text: c.to_string(), role: *role }),
            }
        }
        pieces
    }
}

/// `text` cut to `width` cells, with `..` where something is missing.
pub fn fit(text: &str, width: usize) -> String {
    let total: usize = text.chars().map(|c| c.width().unwrap_or(0)).sum();
    if total <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(2);
    let mut used = 0;
    let mut cut = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > room {
            break;
        }
        cut.push(c);
    }
    cut.push_str(&".."[..width.min(2)]);
    cut
}

/// How many cells a text takes.
pub fn text_width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(canvas: &Canvas) -> String {
        canvas.pieces().into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn wide_characters_keep_the_columns_straight() {
        let mut canvas = Canvas::new(10);
        canvas.put(0, "防火墙|", Role::Plain);
        assert_eq!(text(&canvas), "防火墙|");
        canvas.set(3, 'x', Role::Plain);
        assert_eq!(text(&canvas), "防 x墙|");
        canvas.put(9, "墙", Role::Plain);
        assert_eq!(text(&canvas), "防 x墙|");
    }

    #[test]
    fn text_is_cut_with_two_dots() {
        assert_eq!(fit("PORT 192,168", 8), "PORT 1..");
        assert_eq!(fit("防火墙", 5), "防..");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abc", 1), ".");
    }
}
