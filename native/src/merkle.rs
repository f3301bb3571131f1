//! Merkle trees of Poseidon hashes: quaternary as in the circuits, or binary.

use std::collections::HashMap;

use ark_ff::AdditiveGroup;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::field::Fr;
use crate::poseidon::hash;

/// Leaves that a tree may hold; 4^16 is more than memory does.
const MAX_LEAVES: u64 = 1 << 32;

/// Nodes that a level may be lengthened to in one step.
const NEAR: u64 = 1 << 12;

/// All nodes that are not those of an empty tree. The empty leaf is the constant 0.
pub struct Tree {
    arity: usize,
    /// From the leaves up; each level as long as the nodes at its beginning that were set.
    levels: Vec<Vec<Fr>>,
    /// At each height, nodes that were set far beyond the level's end: one last leaf must not cost a whole level.
    far: Vec<HashMap<u64, Fr>>,
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
        let far = vec![HashMap::new(); levels.len()];
        Ok(Self {
            arity,
            levels,
            far,
            empty,
        })
    }

    pub fn depth(&self) -> usize {
        self.levels.len() - 1
    }

    fn node(&self, height: usize, index: u64) -> Fr {
        let near = || usize::try_from(index).ok().and_then(|index| self.levels[height].get(index));
        let known = self.far[height].get(&index).or_else(near);
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
        // A node that is far once stays so, even when its level grows past it.
        if let Some(node) = self.far[height].get_mut(&index) {
            *node = value;
            return;
        }
        let level = &mut self.levels[height];
        let length = level.len() as u64;
        if index > length && index >= NEAR {
            self.far[height].insert(index, value);
            return;
        }
        if index >= length {
            level.resize(index as usize + 1, self.empty[height]);
        }
        level[index as usize] = value;
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
    fn far_leaves_cost_no_more_than_near_ones() {
        let mut sparse = Tree::new(Vec::new(), 7, 4).unwrap_or_else(|e| panic!("{e}"));
        let mut leaves = vec![Fr::ZERO; 1 << 14];
        for (round, index) in [9000, 16383, 4096, 4097, 0, 9000, 4098].into_iter().enumerate() {
            leaves[index as usize] = Fr::from(round as u64 + 1);
            sparse.update(&[(index, Fr::from(round as u64 + 1))]).unwrap_or_else(|e| panic!("{e}"));
            let dense = Tree::new(leaves.clone(), 7, 4).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(sparse.root(), dense.root(), "{index}");
            assert_eq!(sparse.path(16380), dense.path(16380), "{index}");
        }
        let mut last = Tree::new(Vec::new(), 16, 4).unwrap_or_else(|e| panic!("{e}"));
        last.update(&[((1 << 32) - 1, Fr::from(1))]).unwrap_or_else(|e| panic!("{e}"));
        assert!(last.levels.iter().map(Vec::len).sum::<usize>() < 1 << 14);
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
