//! Chooses, at compile time and in one compilation, how the last expression of a cell is shown.
//!
//! The kernel turns the last expression `e` into `(e).benchbook_ref().evcxr_display();`. Method lookup then
//! tries, in this order: an inherent `evcxr_display` of the type, [`ViaShow`] (its type has
//! [`Show`](super::Show)), [`ViaDebug`] (one more reference away, so only when the first does not apply).

use std::fmt::Debug;

use super::{Show, show_debug, show_value};

/// Turns any expression into a reference to it, without moving it.
pub trait ViaRef {
    fn benchbook_ref(&self) -> &Self;
}

impl<T: ?Sized> ViaRef for T {
    fn benchbook_ref(&self) -> &Self {
        self
    }
}

/// Types that show themselves.
pub trait ViaShow {
    fn evcxr_display(&self);
}

impl<T: Show + ?Sized> ViaShow for T {
    fn evcxr_display(&self) {
        show_value(&self);
    }
}

/// Types shown by their `Debug` text.
pub trait ViaDebug {
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> ViaDebug for &T {
    fn evcxr_display(&self) {
        show_debug(self);
    }
}
