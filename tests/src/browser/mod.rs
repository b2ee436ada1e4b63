//! JupyterLab in headless Chromium.
//!
//! | file | what it is |
//! |---|---|
//! | `http` | requests to programs on this machine |
//! | `driver` | chromedriver and one browser window, by the WebDriver protocol |
//! | `lab` | a JupyterLab server on a folder of its own |

mod driver;
mod http;
mod lab;

pub use driver::Browser;
pub use lab::Lab;

/// Whether the browser tests were switched off by `BENCHBOOK_SKIP_BROWSER=1`.
#[must_use]
pub fn is_skipped() -> bool {
    let skipped = std::env::var_os("BENCHBOOK_SKIP_BROWSER").is_some_and(|value| value == "1");
    if skipped {
        eprintln!("SKIPPED: the browser test, because BENCHBOOK_SKIP_BROWSER=1");
    }
    skipped
}
