//! The one operation that everything else waits for: many independent affine additions.

use crate::point::Coordinate;

/// Top bit of an index: take the point negated.
pub const SIGN: u32 = 1 << 31;

/// Additions to make: the points at `left` and `right` of a list of points, the sum to `to` of another one.
#[derive(Default)]
pub struct Sums {
    pub left: Vec<u32>,
    pub right: Vec<u32>,
    pub to: Vec<u32>,
}

impl Sums {
    pub fn clear(&mut self) {
        self.left.clear();
        self.right.clear();
        self.to.clear();
    }

    pub fn push(&mut self, left: u32, right: u32, to: u32) {
        self.left.push(left);
        self.right.push(right);
        self.to.push(to);
    }

    pub fn len(&self) -> usize {
        self.left.len()
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

pub trait Kernel<F: Coordinate>: Sync {
    /// Points are in the files' form, infinity included; equal and opposite points may meet. Indexes must be in
    /// range (a panic otherwise).
    fn add(&self, from: &[u8], sums: &Sums, out: &mut [u8]);

    /// What summing over one bucket costs, in additions.
    fn bucket_cost(&self) -> usize;
}

/// The fastest implementation for this processor.
pub fn kernel<F: Coordinate>() -> &'static dyn Kernel<F> {
    F::kernel()
}
