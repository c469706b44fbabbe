//! The last few results that neighbours share, so that the nodes of a cluster do not each
//! work out what lies on its volumes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Results kept; the oldest gives way. Nodes of a cluster are asked close together.
const KEPT: usize = 32;

/// Results by the number of a group.
#[derive(Debug)]
pub struct Shelf<T>(Mutex<VecDeque<(usize, Arc<T>)>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Shelf<T> {
    /// The result of a group, made if it is not there. Two that ask at once may both make it.
    pub fn get(&self, group: usize, make: impl FnOnce() -> T) -> Arc<T> {
        let kept = |shelf: &VecDeque<(usize, Arc<T>)>| {
            shelf.iter().find(|(own, _)| *own == group).map(|(_, result)| result.clone())
        };
        if let Some(found) = kept(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        let made = Arc::new(make());
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.len() >= KEPT {
            shelf.pop_front();
        }
        shelf.push_back((group, made.clone()));
        made
    }
}
