//! The decision table: the first matching rule per (role, action class, resource class), filled on
//! demand. Reading takes no lock.
//!
//! A row belongs to a role and an action class and consists of pages of [`PAGE`] resource classes.
//! Snapshots share the rows that a write does not affect, so those stay warm. Two snapshots derived
//! from the same one (a write, and one that was only tried) assign the same numbers to their new
//! classes, so shared pages never hold a class that only one of the two has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::classes::ClassId;
use crate::roles::RoleId;
use crate::rule::Verdict;

/// Entries per page: 2 KiB.
const PAGE: usize = 256;
/// The bits of no verdict, since ids start at 1.
const EMPTY: u64 = 0;

type Page = [AtomicU64; PAGE];

/// Memory used by the rows of one table, in bytes. Once `max` is reached, decisions are computed but
/// not stored.
#[derive(Debug)]
struct Budget {
    used: AtomicUsize,
    max: usize,
}

impl Budget {
    /// Reserves `bytes`; false if they exceed the budget.
    fn reserve(&self, bytes: usize) -> bool {
        let add = |used: usize| (used + bytes <= self.max).then_some(used + bytes);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Accounts for memory that is already allocated, even beyond the budget.
    fn account(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The verdicts of one role for one action class.
#[derive(Debug)]
pub(crate) struct Row {
    pages: Box<[OnceLock<Arc<Page>>]>,
    budget: Arc<Budget>,
}

fn position(class: ClassId) -> (usize, usize) {
    let class = class as usize;
    (class / PAGE, class % PAGE)
}

fn empty_page() -> Page {
    std::array::from_fn(|_| AtomicU64::new(EMPTY))
}

impl Row {
    /// The stored verdict, if any.
    pub(crate) fn get(&self, class: ClassId) -> Option<Verdict> {
        let (page, slot) = position(class);
        let bits = self.pages.get(page)?.get()?.get(slot)?.load(Ordering::Relaxed);
        (bits != EMPTY).then(|| Verdict::from_bits(bits))
    }

    /// Stores a verdict, if the budget allows.
    pub(crate) fn put(&self, class: ClassId, verdict: Verdict) {
        let (page, slot) = position(class);
        let Some(cell) = self.pages.get(page) else { return };
        if cell.get().is_none() && !self.budget.reserve(size_of::<Page>()) {
            return;
        }
        if let Some(entry) = cell.get_or_init(|| Arc::new(empty_page())).get(slot) {
            entry.store(verdict.bits(), Ordering::Relaxed);
        }
    }

    /// The same row without the verdicts of `stale`, with capacity for `classes` classes. It shares no
    /// page that may later hold classes from `known` on.
    fn without(
        &self,
        stale: &[ClassId],
        known: ClassId,
        classes: u32,
        budget: &Arc<Budget>,
    ) -> Option<Self> {
        let (last, _) = position(known);
        let mut copied: HashMap<usize, Vec<usize>> = HashMap::from([(last, Vec::new())]);
        for (page, slot) in stale.iter().map(|&class| position(class)) {
            copied.entry(page).or_default().push(slot);
        }
        let row = Self::new(classes, budget)?;
        for (index, (new, old)) in row.pages.iter().zip(&self.pages).enumerate() {
            let Some(old) = old.get() else { continue };
            let page =
                copied.get(&index).map_or_else(|| Arc::clone(old), |here| copy_without(old, here));
            budget.account(size_of::<Page>());
            let _ = new.set(page);
        }
        Some(row)
    }

    fn new(classes: u32, budget: &Arc<Budget>) -> Option<Self> {
        let pages = classes as usize / PAGE + 1;
        if !budget.reserve(pages * size_of::<OnceLock<Arc<Page>>>()) {
            return None;
        }
        let pages = (0..pages).map(|_| OnceLock::new()).collect();
        Some(Self { pages, budget: Arc::clone(budget) })
    }

    fn has_capacity_for(&self, classes: u32) -> bool {
        position(classes).0 < self.pages.len()
    }

    fn bytes(&self) -> usize {
        let filled = self.pages.iter().filter(|page| page.get().is_some()).count();
        filled * size_of::<Page>() + self.pages.len() * size_of::<OnceLock<Arc<Page>>>()
    }
}

fn copy_without(page: &Page, stale: &[usize]) -> Arc<Page> {
    let copy = empty_page();
    for (new, old) in copy.iter().zip(page) {
        new.store(old.load(Ordering::Relaxed), Ordering::Relaxed);
    }
    for entry in stale.iter().filter_map(|&slot| copy.get(slot)) {
        entry.store(EMPTY, Ordering::Relaxed);
    }
    Arc::new(copy)
}

/// What a write does to the row of one role and action class.
pub(crate) enum RowUpdate {
    /// The row is shared.
    Keep,
    /// The verdicts of these classes are invalidated.
    Invalidate(Vec<ClassId>),
    /// The whole row is dropped.
    Drop,
}

/// The rows of one role, by action class.
type RoleRows = Box<[OnceLock<Arc<Row>>]>;

/// Number of ids of each kind that a policy has allocated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) roles: u32,
    pub(crate) actions: u32,
    pub(crate) resources: u32,
}

/// All rows of one snapshot.
#[derive(Debug)]
pub(crate) struct Table {
    roles: Box<[OnceLock<RoleRows>]>,
    actions: usize,
    /// Number of resource classes in this snapshot.
    known: u32,
    /// Number of resource classes for which a new row has capacity.
    resources: u32,
    budget: Arc<Budget>,
}

fn cells<T>(count: usize) -> Box<[OnceLock<T>]> {
    (0..count).map(|_| OnceLock::new()).collect()
}

impl Table {
    /// An empty table of this extent, with spare capacity for new resource classes. Its rows may use
    /// `max_bytes`.
    pub(crate) fn new(extent: Extent, max_bytes: usize) -> Self {
        let resources = extent.resources + extent.resources / 8 + 1024;
        Self {
            roles: cells(extent.roles as usize),
            actions: extent.actions as usize,
            known: extent.resources,
            resources,
            budget: Arc::new(Budget { used: AtomicUsize::new(0), max: max_bytes }),
        }
    }

    /// The row of this role and action class; `None` if the memory budget is exhausted.
    pub(crate) fn row(&self, role: RoleId, action: ClassId) -> Option<&Row> {
        let cell = self.roles.get(role as usize)?;
        if cell.get().is_none() && !self.budget.reserve(self.actions * size_of::<RoleRows>()) {
            return None;
        }
        let cell = cell.get_or_init(|| cells(self.actions)).get(action as usize)?;
        if let Some(row) = cell.get() {
            return Some(row);
        }
        let row = Arc::new(Row::new(self.resources, &self.budget)?);
        Some(cell.get_or_init(|| row))
    }

    /// The table of the next snapshot, with the rows that `update` keeps.
    pub(crate) fn next(
        &self,
        extent: Extent,
        update: impl Fn(RoleId, ClassId) -> RowUpdate,
    ) -> Self {
        let mut next = Self::new(extent, self.budget.max);
        if extent.resources < self.resources {
            next.resources = self.resources;
        }
        for (role, rows) in (0..).zip(&self.roles) {
            for (action, row) in (0..).zip(rows.get().into_iter().flatten()) {
                if let Some(row) = row.get() {
                    next.adopt(role, action, row, self.known, update(role, action));
                }
            }
        }
        next
    }

    /// Adopts a row of a snapshot that has the classes before `known`.
    fn adopt(
        &self,
        role: RoleId,
        action: ClassId,
        row: &Arc<Row>,
        known: ClassId,
        update: RowUpdate,
    ) {
        let without = |stale: &[ClassId]| {
            row.without(stale, known, self.resources, &self.budget).map(Arc::new)
        };
        let row = match update {
            RowUpdate::Keep if self.known == known && row.has_capacity_for(self.resources) => {
                self.budget.account(row.bytes());
                Some(Arc::clone(row))
            }
            RowUpdate::Keep => without(&[]),
            RowUpdate::Invalidate(stale) => without(&stale),
            RowUpdate::Drop => None,
        };
        let (Some(row), Some(cell)) = (row, self.roles.get(role as usize)) else { return };
        let rows = cell.get_or_init(|| cells(self.actions));
        if let Some(cell) = rows.get(action as usize) {
            // The cell is empty: no other thread has access to this table yet.
            let _ = cell.set(row);
        }
    }
}
