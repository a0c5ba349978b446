//! The decision table: which rule matched first, per (role, action class, resource class), filled
//! as questions come. Reading takes no lock.
//!
//! A row belongs to a role and an action class, and is kept in pages of [`PAGE`] resource classes.
//! Snapshots share the rows that a write did not touch, so those stay warm. Two snapshots made of
//! the same one (a write, and one that was only tried) number their new classes alike, so what is
//! shared never holds a class that only one of them knows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::classes::ClassId;
use crate::roles::RoleId;
use crate::rule::Verdict;

/// Entries of one page: 2 KiB.
const PAGE: usize = 256;
/// No rule has this verdict: ids begin at 1.
const EMPTY: u64 = 0;

type Page = [AtomicU64; PAGE];

/// Memory that the rows of one table take, in bytes; past the most, answers are worked out and not
/// kept.
#[derive(Debug)]
struct Budget {
    used: AtomicUsize,
    most: usize,
}

impl Budget {
    /// Books `bytes`, unless that is more than there may be.
    fn charge(&self, bytes: usize) -> bool {
        let add = |now: usize| (now + bytes <= self.most).then_some(now + bytes);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).is_ok()
    }

    /// Books what is there already.
    fn book(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Verdicts of one role for one action class.
#[derive(Debug)]
pub(crate) struct Row {
    pages: Box<[OnceLock<Arc<Page>>]>,
    budget: Arc<Budget>,
}

fn place(class: ClassId) -> (usize, usize) {
    let class = class as usize;
    (class / PAGE, class % PAGE)
}

fn empty_page() -> Page {
    std::array::from_fn(|_| AtomicU64::new(EMPTY))
}

impl Row {
    /// The verdict, if it is known.
    pub(crate) fn get(&self, class: ClassId) -> Option<Verdict> {
        let (page, slot) = place(class);
        let bits = self.pages.get(page)?.get()?.get(slot)?.load(Ordering::Relaxed);
        (bits != EMPTY).then(|| Verdict::from_bits(bits))
    }

    /// Keeps a verdict, while there is room.
    pub(crate) fn put(&self, class: ClassId, verdict: Verdict) {
        let (page, slot) = place(class);
        let Some(cell) = self.pages.get(page) else { return };
        if cell.get().is_none() && !self.budget.charge(size_of::<Page>()) {
            return;
        }
        if let Some(entry) = cell.get_or_init(|| Arc::new(empty_page())).get(slot) {
            entry.store(verdict.bits(), Ordering::Relaxed);
        }
    }

    /// The same row without the verdicts of `stale`, with room for `classes` classes. It shares no
    /// page that may come to hold classes from `known` on.
    fn without(
        &self,
        stale: &[ClassId],
        known: ClassId,
        classes: u32,
        budget: &Arc<Budget>,
    ) -> Option<Self> {
        let (last, _) = place(known);
        let mut copied: HashMap<usize, Vec<usize>> = HashMap::from([(last, Vec::new())]);
        for (page, slot) in stale.iter().map(|&class| place(class)) {
            copied.entry(page).or_default().push(slot);
        }
        let row = Self::new(classes, budget)?;
        for (index, (new, old)) in row.pages.iter().zip(&self.pages).enumerate() {
            let Some(old) = old.get() else { continue };
            let page =
                copied.get(&index).map_or_else(|| Arc::clone(old), |here| copy_without(old, here));
            budget.book(size_of::<Page>());
            let _ = new.set(page);
        }
        Some(row)
    }

    fn new(classes: u32, budget: &Arc<Budget>) -> Option<Self> {
        let pages = classes as usize / PAGE + 1;
        if !budget.charge(pages * size_of::<OnceLock<Arc<Page>>>()) {
            return None;
        }
        let pages = (0..pages).map(|_| OnceLock::new()).collect();
        Some(Self { pages, budget: Arc::clone(budget) })
    }

    fn holds(&self, classes: u32) -> bool {
        place(classes).0 < self.pages.len()
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

/// What a write does to the rows of one role and action class.
pub(crate) enum Touch {
    /// Nothing: the row is shared.
    Keep,
    /// Verdicts of these classes are forgotten.
    Forget(Vec<ClassId>),
    /// All of it is forgotten.
    Drop,
}

/// Rows of one role, by action class.
type RoleRows = Box<[OnceLock<Arc<Row>>]>;

/// How many numbers of each kind a policy has handed out.
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
    /// Resource classes that this snapshot knows.
    known: u32,
    /// Resource classes that a new row has room for.
    resources: u32,
    budget: Arc<Budget>,
}

fn cells<T>(count: usize) -> Box<[OnceLock<T>]> {
    (0..count).map(|_| OnceLock::new()).collect()
}

impl Table {
    /// An empty table for this many classes, with room for some resource classes to come. `most`:
    /// bytes that its rows may take.
    pub(crate) fn new(extent: Extent, most: usize) -> Self {
        let resources = extent.resources + extent.resources / 8 + 1024;
        Self {
            roles: cells(extent.roles as usize),
            actions: extent.actions as usize,
            known: extent.resources,
            resources,
            budget: Arc::new(Budget { used: AtomicUsize::new(0), most }),
        }
    }

    /// The row of this role and action class; none when memory is used up.
    pub(crate) fn row(&self, role: RoleId, action: ClassId) -> Option<&Row> {
        let cell = self.roles.get(role as usize)?;
        if cell.get().is_none() && !self.budget.charge(self.actions * size_of::<RoleRows>()) {
            return None;
        }
        let cell = cell.get_or_init(|| cells(self.actions)).get(action as usize)?;
        if let Some(row) = cell.get() {
            return Some(row);
        }
        let row = Arc::new(Row::new(self.resources, &self.budget)?);
        Some(cell.get_or_init(|| row))
    }

    /// The table of the next snapshot, with whatever `touch` lets stand.
    pub(crate) fn next(&self, extent: Extent, touch: impl Fn(RoleId, ClassId) -> Touch) -> Self {
        let mut next = Self::new(extent, self.budget.most);
        if extent.resources < self.resources {
            next.resources = self.resources;
        }
        for (role, rows) in (0..).zip(&self.roles) {
            for (action, row) in (0..).zip(rows.get().into_iter().flatten()) {
                if let Some(row) = row.get() {
                    next.carry(role, action, row, self.known, touch(role, action));
                }
            }
        }
        next
    }

    /// Takes over a row of a snapshot that knows the classes before `known`.
    fn carry(&self, role: RoleId, action: ClassId, row: &Arc<Row>, known: ClassId, touch: Touch) {
        let without = |stale: &[ClassId]| {
            row.without(stale, known, self.resources, &self.budget).map(Arc::new)
        };
        let row = match touch {
            Touch::Keep if self.known == known && row.holds(self.resources) => {
                self.budget.book(row.bytes());
                Some(Arc::clone(row))
            }
            Touch::Keep => without(&[]),
            Touch::Forget(stale) => without(&stale),
            Touch::Drop => None,
        };
        let (Some(row), Some(cell)) = (row, self.roles.get(role as usize)) else { return };
        let rows = cell.get_or_init(|| cells(self.actions));
        if let Some(cell) = rows.get(action as usize) {
            // Only this thread fills a table that is not yet shared.
            let _ = cell.set(row);
        }
    }
}
