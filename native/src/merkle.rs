//! Merkle trees of Poseidon hashes: quaternary as in the circuits, or binary.

use ark_ff::AdditiveGroup;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::field::Fr;
use crate::poseidon::hash;

/// Leaves that a tree may hold; 4^16 is more than memory does.
const MAX_LEAVES: u64 = 1 << 32;

/// All nodes that are not those of an empty tree. The empty leaf is the constant 0.
pub struct Tree {
    arity: usize,
    /// From the leaves up; each level as long as its last node that was ever set.
    levels: Vec<Vec<Fr>>,
    /// The node of an empty tree at each height.
    empty: Vec<Fr>,
}

impl Tree {
    pub fn new(leaves: Vec<Fr>, depth: usize, arity: usize) -> Result<Self> {
        if arity != 2 && arity != 4 {
            return Err(Error::format("arity", "must be 2 or 4"));
        }
        if depth > 32 {
            return Err(Error::format("depth", "must be at most 32"));
        }
        let room = (arity as u64).checked_pow(depth as u32).unwrap_or(u64::MAX);
        if leaves.len() as u64 > room.min(MAX_LEAVES) {
            return Err(Error::format("leaves", format!("are more than {} levels hold", depth)));
        }
        let mut empty = vec![Fr::ZERO];
        let mut levels = vec![leaves];
        for height in 0..depth {
            let pad = empty[height];
            let level = levels[height]
                .par_chunks(arity)
                .with_min_len(16)
                .map(|children| parent(children, pad, arity))
                .collect::<Result<Vec<_>>>()?;
            levels.push(level);
            empty.push(parent(&[], pad, arity)?);
        }
        Ok(Self { arity, levels, empty })
    }

    pub fn depth(&self) -> usize {
        self.levels.len() - 1
    }

    fn node(&self, height: usize, index: u64) -> Fr {
        let known = usize::try_from(index).ok().and_then(|index| self.levels[height].get(index));
        known.copied().unwrap_or(self.empty[height])
    }

    pub fn root(&self) -> Fr {
        self.node(self.depth(), 0)
    }

    pub fn leaf(&self, index: u64) -> Result<Fr> {
        self.check(index)?;
        Ok(self.node(0, index))
    }

    fn check(&self, index: u64) -> Result<()> {
        let room = (self.arity as u64).checked_pow(self.depth() as u32).unwrap_or(u64::MAX);
        if index < room.min(MAX_LEAVES) {
            Ok(())
        } else {
            Err(Error::format("index", "is beyond the tree's last leaf"))
        }
    }

    /// Set leaves, then recompute every node above them once.
    pub fn update(&mut self, changes: &[(u64, Fr)]) -> Result<()> {
        for (index, _) in changes {
            self.check(*index)?;
        }
        let mut touched: Vec<u64> = Vec::with_capacity(changes.len());
        for &(index, leaf) in changes {
            self.set(0, index, leaf);
            touched.push(index);
        }
        for height in 0..self.depth() {
            for index in &mut touched {
                *index /= self.arity as u64;
            }
            touched.sort_unstable();
            touched.dedup();
            let fresh = touched
                .par_iter()
                .with_min_len(4)
                .map(|&index| {
                    let first = index * self.arity as u64;
                    let children: Vec<Fr> = (first..first + self.arity as u64).map(|i| self.node(height, i)).collect();
                    parent(&children, Fr::ZERO, self.arity)
                })
                .collect::<Result<Vec<_>>>()?;
            for (&index, node) in touched.iter().zip(fresh) {
                self.set(height + 1, index, node);
            }
        }
        Ok(())
    }

    fn set(&mut self, height: usize, index: u64, value: Fr) {
        let index = index as usize;
        let level = &mut self.levels[height];
        if index >= level.len() {
            level.resize(index + 1, self.empty[height]);
        }
        level[index] = value;
    }

    /// The other children on the way to the root, lowest level first, in order.
    pub fn path(&self, mut index: u64) -> Result<Vec<Vec<Fr>>> {
        self.check(index)?;
        let arity = self.arity as u64;
        let mut path = Vec::with_capacity(self.depth());
        for height in 0..self.depth() {
            let first = index - index % arity;
            path.push((first..first + arity).filter(|&i| i != index).map(|i| self.node(height, i)).collect());
            index /= arity;
        }
        Ok(path)
    }
}

fn parent(children: &[Fr], pad: Fr, arity: usize) -> Result<Fr> {
    let mut all = [pad; 4];
    all[..children.len()].copy_from_slice(children);
    hash(&all[..arity])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn climb(leaf: Fr, mut index: u64, path: &[Vec<Fr>], arity: u64) -> Fr {
        path.iter().fold(leaf, |node, siblings| {
            let mut children = siblings.clone();
            children.insert((index % arity) as usize, node);
            index /= arity;
            hash(&children).unwrap_or_default()
        })
    }

    #[test]
    fn paths_lead_to_the_root_before_and_after_updates() {
        for (arity, depth, count) in [(4, 3, 21), (2, 5, 21), (4, 2, 0), (2, 0, 1), (4, 3, 64)] {
            let leaves: Vec<Fr> = (0..count).map(|i| Fr::from(i as u64 + 5)).collect();
            let mut tree = Tree::new(leaves.clone(), depth, arity).unwrap_or_else(|e| panic!("{e}"));
            let room = (arity as u64).pow(depth as u32);
            for round in 0..2u64 {
                for index in [0, 3, room / 2, room - 1].into_iter().filter(|&i| i < room) {
                    let leaf = tree.leaf(index).unwrap_or_default();
                    let path = tree.path(index).unwrap_or_default();
                    assert_eq!(climb(leaf, index, &path, arity as u64), tree.root(), "{arity} {depth} {index}");
                }
                let changes = [(room - 1, Fr::from(round + 9)), (0, Fr::from(round + 3))];
                tree.update(&changes).unwrap_or_else(|e| panic!("{e}"));
            }
            assert!(tree.path(room).is_err());
            assert!(Tree::new(vec![Fr::ZERO; room as usize + 1], depth, arity).is_err());
        }
    }
}
