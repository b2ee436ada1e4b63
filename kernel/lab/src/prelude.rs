//! What every cell sees without asking.

pub use crate::input::{input, password};
#[doc(hidden)]
pub use crate::show::dispatch::{ViaDebug as _, ViaRef as _, ViaShow as _};
pub use crate::show::html::Html;
pub use crate::show::image::{Jpeg, Png};
pub use crate::show::markdown::Markdown;
pub use crate::show::svg::Svg;
pub use crate::show::{Display, DisplayHandle, Show, clear_output, display, display_as};
pub use crate::tables;
#[doc(hidden)]
pub use crate::tables::offer::{ViaRefusal as _, ViaShare as _, ViaValues as _};
