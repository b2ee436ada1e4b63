//! The store that keeps a notebook's variables between cells.
//!
//! A cell moves the variables that it names out of the store and back in. The generic part of that is a few
//! instructions, so that a cell instantiates little; the rest is compiled once, here.

use std::alloc::Layout;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::tables::held;

/// Where one variable lives.
struct Slot {
    memory: NonNull<u8>,
    layout: Layout,
    type_id: TypeId,
    type_name: &'static str,
    /// Drops the value in place; `None` when there is nothing to drop.
    drop: Option<unsafe fn(*mut u8)>,
    /// A cell has the value now.
    out: bool,
    /// Put in by the cell that runs now.
    fresh: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(drop) = self.drop.filter(|_| !self.out) {
            // SAFETY: the slot holds a valid value of the type that `drop` was made for.
            unsafe { drop(self.memory.as_ptr()) };
        }
        if self.layout.size() > 0 {
            // SAFETY: allocated with this layout in `place`.
            unsafe { std::alloc::dealloc(self.memory.as_ptr(), self.layout) };
        }
    }
}

/// Variables by name.
#[derive(Default)]
pub struct VariableStore {
    slots: HashMap<&'static str, Slot>,
    shared: HashMap<&'static str, Box<dyn Any>>,
}

/// # Safety
/// `value` must point to a valid `T`, which is gone afterwards.
unsafe fn drop_value<T>(value: *mut u8) {
    // SAFETY: the caller vouches for the value.
    unsafe { value.cast::<T>().drop_in_place() };
}

impl VariableStore {
    /// Whether `name` is here with this type.
    fn slot(&mut self, name: &str, type_id: TypeId, type_name: &str) -> *mut u8 {
        match self.slots.get_mut(name) {
            Some(slot) if slot.type_id == type_id && !slot.out => {
                slot.out = true;
                slot.memory.as_ptr()
            }
            Some(slot) => wrong(name, &format!("it is a {}, not a {type_name}", slot.type_name)),
            None => wrong(name, "it is not there"),
        }
    }

    /// Memory for a value of this type under `name`, which the caller fills at once.
    fn place(
        &mut self,
        name: &'static str,
        type_id: TypeId,
        type_name: &'static str,
        layout: Layout,
        drop: Option<unsafe fn(*mut u8)>,
        fresh: bool,
    ) -> *mut u8 {
        if let Some(slot) = self.slots.get_mut(name).filter(|slot| slot.out && slot.type_id == type_id) {
            slot.out = false;
            // The function of the newest cell: an older one may belong to code that was replaced.
            slot.drop = drop;
            slot.fresh = fresh;
            return slot.memory.as_ptr();
        }
        let memory = if layout.size() == 0 {
            // A value without size needs an aligned address and no memory.
            NonNull::new(std::ptr::without_provenance_mut(layout.align()))
        } else {
            // SAFETY: the size is not zero.
            NonNull::new(unsafe { std::alloc::alloc(layout) })
        };
        let Some(memory) = memory else { std::alloc::handle_alloc_error(layout) };
        let slot = Slot { memory, layout, type_id, type_name, drop, out: false, fresh };
        // The value that was here before is dropped.
        self.slots.insert(name, slot);
        memory.as_ptr()
    }

    /// Moves a variable out.
    pub fn take<T: 'static>(&mut self, name: &'static str) -> T {
        let memory = self.slot(name, TypeId::of::<T>(), std::any::type_name::<T>());
        // SAFETY: the slot holds a `T`, and now counts it as moved out.
        unsafe { memory.cast::<T>().read() }
    }

    fn keep<T: 'static>(&mut self, name: &'static str, value: T, fresh: bool) {
        let drop: Option<unsafe fn(*mut u8)> = if std::mem::needs_drop::<T>() { Some(drop_value::<T>) } else { None };
        let memory = self.place(name, TypeId::of::<T>(), std::any::type_name::<T>(), Layout::new::<T>(), drop, fresh);
        // SAFETY: `place` gave memory of this type's layout that holds no value.
        unsafe { memory.cast::<T>().write(value) };
    }

    /// Keeps a new value under `name`.
    pub fn put<T: 'static>(&mut self, name: &'static str, value: T) {
        self.keep(name, value, true);
    }

    /// Gives a variable back, unless the cell has kept another under the same name.
    pub fn give_back<T: 'static>(&mut self, name: &'static str, value: T) {
        if !self.is_new(name) {
            self.keep(name, value, false);
        }
    }

    /// Whether the cell that runs now has kept a variable of this name.
    fn is_new(&self, name: &str) -> bool {
        self.slots.get(name).is_some_and(|slot| slot.fresh)
    }

    /// A shared value made on first use (the runtime of asynchronous cells).
    pub fn lazy_arc<T: 'static>(&mut self, name: &'static str, create: impl FnOnce() -> T) -> Arc<T> {
        let slot = self.shared.entry(name).or_insert_with(|| Box::new(Arc::new(create())));
        match slot.downcast_ref::<Arc<T>>() {
            Some(value) => Arc::clone(value),
            None => wrong(name, "it changed its type"),
        }
    }

    /// Drops variables.
    pub fn forget<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            self.slots.remove(name);
        }
    }

    /// A cell begins.
    pub fn begin(&mut self) {
        held::begin();
        for slot in self.slots.values_mut() {
            slot.fresh = false;
        }
    }

    /// A cell has ended: what it did not give back is gone. Returns the new variables as `{"name": …, "type": …}`.
    pub fn end(&mut self) -> Vec<Value> {
        self.slots.retain(|_, slot| !slot.out);
        held::end(|name| self.slots.get(name).map_or((false, false), |slot| (true, slot.fresh)));
        let fresh = self.slots.iter().filter(|(_, slot)| slot.fresh);
        fresh.map(|(name, slot)| json!({"name": name, "type": slot.type_name})).collect()
    }

    /// Names of all variables.
    pub fn names(&self) -> Vec<&'static str> {
        self.slots.keys().copied().collect()
    }
}

/// The kernel and the store disagree, which is a defect of ours: the worker ends, and the kernel starts another.
fn wrong(name: &str, what: &str) -> ! {
    eprintln!("The variable `{name}` could not be handed to the cell: {what}. The worker ends; please report this.");
    std::process::abort()
}
