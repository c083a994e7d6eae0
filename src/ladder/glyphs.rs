//! The characters that pictures are drawn with. All are one cell wide; none is the only carrier of a meaning.

use crate::packet::Channel;

/// A set of drawing characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// A node's lane.
    pub lane: char,
    /// A lane that an arrow crosses.
    pub crossing: char,
    /// The line of the control channel.
    pub control_line: char,
    /// The line of the data channel.
    pub data_line: char,
    /// The line of a connection that is not established.
    pub faint_line: char,
    /// The head of an arrow to the right.
    pub right: char,
    /// The head of an arrow to the left.
    pub left: char,
    /// A rule between panes.
    pub rule: char,
    /// A firewall's wall.
    pub wall: char,
    /// A node without a firewall.
    pub node: char,
    /// Something is done.
    pub done: char,
}

impl Glyphs {
    /// Line-drawing characters.
    pub const UNICODE: Self = Self {
        lane: '│',
        crossing: '┼',
        control_line: '─',
        data_line: '═',
        faint_line: '·',
        right: '►',
        left: '◄',
        rule: '─',
        wall: '▓',
        node: '█',
        done: '√',
    };

    /// Nothing but ASCII.
    pub const ASCII: Self = Self {
        lane: '|',
        crossing: '+',
        control_line: '-',
        data_line: '=',
        faint_line: '.',
        right: '>',
        left: '<',
        rule: '-',
        wall: '#',
        node: '@',
        done: 'v',
    };

    /// The line of a channel; what belongs to none is drawn as control.
    pub const fn line(&self, channel: Option<Channel>) -> char {
        match channel {
            Some(Channel::Data) => self.data_line,
            _ => self.control_line,
        }
    }
}

/// The letter of a channel: `o` for control, `*` for data. The same in every view.
pub const fn channel_mark(channel: Channel) -> char {
    match channel {
        Channel::Control => 'o',
        Channel::Data => '*',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthChar;

    #[test]
    fn every_glyph_is_one_cell_wide() {
        for set in [Glyphs::UNICODE, Glyphs::ASCII] {
            let all = [
                set.lane,
                set.crossing,
                set.control_line,
                set.data_line,
                set.faint_line,
                set.right,
                set.left,
                set.rule,
                set.wall,
                set.node,
                set.done,
            ];
            assert!(all.iter().all(|glyph| glyph.width() == Some(1)));
        }
        let ascii = format!("{:?}", Glyphs::ASCII);
        assert!(ascii.is_ascii());
    }
}
