//! Where the columns of a ladder stand.

/// Room left of the first lane: marker, time, channel.
const LEFT: usize = 14;
/// Room right of the last lane.
const RIGHT: usize = 4;
/// Lanes are never nearer to each other; a terminal too narrow for that shows the left ones.
const NARROWEST: usize = 3;

/// The columns of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The width of a line.
    pub width: usize,
    /// The lane of each column.
    pub lanes: Vec<usize>,
}

impl Geometry {
    /// `columns` lanes spread over `width` cells.
    pub fn new(columns: usize, width: usize) -> Self {
        let room = width.saturating_sub(LEFT + RIGHT);
        let gaps = columns.saturating_sub(1).max(1);
        let lanes = (0..columns)
            .map(|i| LEFT + if room / gaps >= NARROWEST { i * room / gaps } else { i * NARROWEST })
            .collect();
        Self { width, lanes }
    }

    /// The narrowest width at which `columns` lanes are all visible.
    pub const fn least_width(columns: usize) -> usize {
        LEFT + RIGHT + columns.saturating_sub(1) * NARROWEST
    }

    /// Where a text of `len` cells stands that is centred on a lane and stays in the picture.
    pub fn centred(&self, lane: usize, len: usize) -> usize {
        self.lanes[lane].saturating_sub(len / 2).min(self.width.saturating_sub(len))
    }

    /// The cell at a share of the way between two lanes; never on a lane itself.
    pub fn between(&self, from: usize, to: usize, share: f64) -> usize {
        let (a, b) = (self.lanes[from] as f64, self.lanes[to] as f64);
        let step = if b > a { 1.0 } else { -1.0 };
        let x = a + (b - a) * share;
        let (first, last) = (a + step, b - step);
        x.clamp(first.min(last), first.max(last)).round() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_spread_over_the_width() {
        let geometry = Geometry::new(4, 80);
        assert_eq!(geometry.lanes, [14, 34, 55, 76]);
        assert_eq!(Geometry::new(1, 80).lanes, [14]);
        assert!(Geometry::new(20, 80).lanes.windows(2).all(|pair| pair[1] - pair[0] >= NARROWEST));
        assert_eq!(geometry.between(0, 1, 0.0), 15);
        assert_eq!(geometry.between(1, 0, 0.0), 33);
        assert_eq!(geometry.between(0, 1, 1.0), 33);
    }
}
