//! From addresses to names and lines, functions that were inlined included.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

#[cfg(target_os = "linux")]
use super::trace::Stack;

/// A place in a cell: the generated file, and its line.
type Place = (String, u32);

/// One function at one address.
#[derive(Clone)]
struct Frame {
    name: String,
    /// Where it is in a cell's file.
    place: Option<Place>,
}

/// What a line of a cell has.
#[derive(Default, Clone, Copy)]
struct Share {
    /// Weight of stacks that are innermost at this line, leaving aside what is no cell's code.
    own: f64,
    /// Weight of stacks that have this line anywhere.
    total: f64,
}

/// Samples with names.
#[derive(Default)]
pub struct Profile {
    samples: u64,
    lost: usize,
    stacks: HashMap<Vec<String>, f64>,
    lines: BTreeMap<Place, Share>,
}

impl Profile {
    /// Samples that have names already, outermost frame first.
    pub fn of_names(stacks: HashMap<Vec<String>, u64>) -> Self {
        let samples = stacks.values().sum();
        let stacks = stacks.into_iter().map(|(names, count)| (names, count as f64)).collect();
        Self { samples, stacks, ..Self::default() }
    }

    /// Names what `stacks` hold; `weight` is what a stack counts for.
    #[cfg(target_os = "linux")]
    pub fn of_stacks(names: &mut Names, stacks: &[Stack<'_>], weight: impl Fn(&Stack<'_>) -> f64, lost: usize) -> Self {
        let mut profile = Self { samples: stacks.len() as u64, lost, ..Self::default() };
        for stack in stacks {
            let frames = names.stack(stack);
            let weight = weight(stack);
            // Innermost first: the first line of a cell is where its own code is.
            let mut seen = HashSet::new();
            for (index, place) in inside(&frames).filter_map(|frame| frame.place.as_ref()).enumerate() {
                let share = profile.lines.entry(place.clone()).or_default();
                if index == 0 {
                    share.own += weight;
                }
                if seen.insert(place) {
                    share.total += weight;
                }
            }
            let mut outermost: Vec<String> = frames.into_iter().rev().map(|frame| frame.name).collect();
            // SAFETY: only the process's own id is read.
            if stack.thread != unsafe { libc::getpid() } as usize {
                outermost.insert(0, format!("thread {}", stack.name));
            }
            *profile.stacks.entry(outermost).or_default() += weight;
        }
        profile
    }

    /// Adds `samples`, `lost`, `stacks` and `lines` to a result.
    pub fn add_to(&self, result: &mut Value) {
        let stacks = self.stacks.iter().map(|(frames, count)| json!({"frames": frames, "count": count.round() as u64}));
        result["samples"] = self.samples.into();
        if self.lost > 0 {
            result["lost"] = self.lost.into();
        }
        result["stacks"] = stacks.collect();
        result["lines"] = self
            .lines
            .iter()
            .map(|((file, line), share)| json!({"file": file, "line": line, "self": share.own, "total": share.total}))
            .collect();
    }
}

/// The frames of the code that is watched: what stands outside of our loop is the cell that has called it.
#[cfg(target_os = "linux")]
fn inside(frames: &[Frame]) -> impl Iterator<Item = &Frame> {
    frames.iter().take_while(|frame| !frame.name.contains(HARNESS))
}

/// Part of the mangled names of everything in `lab::measure::profile`, in both ways of mangling.
#[cfg(target_os = "linux")]
const HARNESS: &str = "3lab7measure7profile";

/// Names that were looked up.
#[cfg(target_os = "linux")]
#[derive(Default)]
pub struct Names {
    known: HashMap<usize, Vec<Frame>>,
    /// Cells' libraries that were read, by path; none for one that is gone.
    cells: HashMap<String, Option<addr2line::Loader>>,
    /// Of each stack, the frames up to the first of these functions are ours: the allocator and who listens to it.
    ours: &'static [&'static str],
}

#[cfg(target_os = "linux")]
impl Names {
    /// Leaves out the frames from the innermost up to the first of these functions.
    pub fn without(ours: &'static [&'static str]) -> Self {
        Self { ours, ..Self::default() }
    }

    /// The frames of a stack, innermost first.
    fn stack(&mut self, stack: &Stack<'_>) -> Vec<Frame> {
        let mut frames = Vec::new();
        for (index, &address) in stack.addresses.iter().enumerate() {
            // Where a signal came is the address itself; every other one is where a call returns to, behind the call.
            let address = if index == 0 { address.wrapping_add(1) } else { address };
            let cells = &mut self.cells;
            frames.extend(self.known.entry(address).or_insert_with(|| look_up(address, cells)).iter().cloned());
        }
        match frames.iter().position(|frame| self.ours.contains(&frame.name.as_str())) {
            Some(last) => frames.split_off(last + 1),
            None => frames,
        }
    }

    /// The innermost place in a cell, and the innermost function that `leads` not only to the allocator.
    pub fn site(&mut self, stack: &Stack<'_>, leads: impl Fn(&str) -> bool) -> (String, Option<(String, u32)>) {
        let frames = self.stack(stack);
        let place = inside(&frames).find_map(|frame| frame.place.clone());
        let function = inside(&frames).find(|frame| !leads(&frame.name)).or(frames.first());
        (function.map_or_else(String::new, |frame| frame.name.clone()), place)
    }
}

/// What is at `address`, inlined functions first.
#[cfg(target_os = "linux")]
fn look_up(address: usize, cells: &mut HashMap<String, Option<addr2line::Loader>>) -> Vec<Frame> {
    let Some((path, base)) = library(address) else { return vec![Frame { name: "[unknown]".to_owned(), place: None }] };
    let file = path.rsplit('/').next().unwrap_or_default();
    // `backtrace` reads the list of libraries once, and cells are loaded after that.
    if file.starts_with("libcell_") {
        let loader = cells.entry(path.clone()).or_insert_with(|| addr2line::Loader::new(&path).ok());
        let frames = loader.as_ref().map(|loader| in_cell(loader, address.wrapping_sub(base + 1) as u64)).unwrap_or_default();
        if !frames.is_empty() {
            return frames;
        }
    }
    let unnamed = format!("[{file}]");
    let mut frames = Vec::new();
    backtrace::resolve(address as *mut std::ffi::c_void, |symbol| {
        let name = symbol.name().map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned));
        frames.push(Frame { name: name.unwrap_or_else(|| unnamed.clone()), place: None });
    });
    if frames.is_empty() {
        frames.push(Frame { name: unnamed, place: None });
    }
    frames
}

/// What is at an address of a cell's library, by its table of lines.
#[cfg(target_os = "linux")]
fn in_cell(loader: &addr2line::Loader, probe: u64) -> Vec<Frame> {
    let mut found = Vec::new();
    let symbol = || loader.find_symbol(probe).unwrap_or("[cell]").to_owned();
    if let Ok(mut frames) = loader.find_frames(probe) {
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref().and_then(|name| name.raw_name().ok().map(std::borrow::Cow::into_owned));
            let place = frame.location.and_then(|at| {
                let file = at.file?.rsplit('/').next()?;
                (file.starts_with("cell_") && file.ends_with(".rs")).then(|| file.to_owned()).zip(at.line)
            });
            found.push(Frame { name: name.unwrap_or_else(symbol), place });
        }
    }
    if found.is_empty() {
        found.extend(loader.find_symbol(probe).map(|name| Frame { name: name.to_owned(), place: None }));
    }
    found
}

/// Path of the library in which an address lies, and where it is loaded.
#[cfg(target_os = "linux")]
fn library(address: usize) -> Option<(String, usize)> {
    // SAFETY: `info` is plain data that the loader fills; its name is a C string of the loader's.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr(address as *const std::ffi::c_void, &raw mut info) == 0 || info.dli_fname.is_null() {
            return None;
        }
        let path = std::ffi::CStr::from_ptr(info.dli_fname).to_string_lossy().into_owned();
        Some((path, info.dli_fbase as usize))
    }
}
