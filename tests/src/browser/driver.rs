//! One window of a headless browser.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::http;
use crate::process;

/// The WebDriver name of an element reference.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const SHIFT: &str = "\u{e008}";
const ENTER: &str = "\u{e007}";
const NONE: &str = "\u{e000}";

/// A browser window; closed when dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts chromedriver and a window of that size.
    ///
    /// # Panics
    /// When Chromium is not installed; the message says how to get it.
    #[track_caller]
    #[must_use]
    pub fn start(width: u32, height: u32) -> Self {
        let profile = TempDir::new().expect("the temporary folder can be written");
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        command.env("HOME", profile.path()).env("TMPDIR", profile.path());
        let mut driver = command.spawn().unwrap_or_else(|error| {
            panic!(
                "chromedriver cannot be started: {error}\nDebian: sudo apt-get install chromium chromium-driver\n\
                 or leave this test out with BENCHBOOK_SKIP_BROWSER=1"
            )
        });
        let port = port_of(&mut driver);
        let mut browser = Self { driver, port, session: String::new(), _profile: profile };
        let data = browser._profile.path().join("chromium");
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            format!("--user-data-dir={}", data.display()),
            format!("--window-size={width},{height}")
        ]);
        let wanted = json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": { "args": arguments } } } });
        let made = browser.call("POST", "/session", Some(&wanted));
        browser.session = made["sessionId"].as_str().expect("a session").to_owned();
        browser
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, text) = http::request(self.port, method, path, body).unwrap_or_else(|error| panic!("{error}"));
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("chromedriver said {text:?}: {error}"));
        assert_eq!(status, 200, "{method} {path}: {:#}", answer["value"]);
        answer["value"].clone()
    }

    fn path(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.session)
    }

    /// Goes to an address.
    #[track_caller]
    pub fn open(&self, url: &str) {
        self.call("POST", &self.path("/url"), Some(&json!({ "url": url })));
    }

    /// Runs a function body in the page and returns what it returns.
    #[track_caller]
    pub fn script(&self, code: &str) -> Value {
        self.call("POST", &self.path("/execute/sync"), Some(&json!({ "script": code, "args": [] })))
    }

    /// Waits until the script returns something true, and returns that.
    #[track_caller]
    pub fn wait(&self, what: &str, at_most: Duration, code: &str) -> Value {
        let found = process::poll(at_most, || {
            std::thread::sleep(Duration::from_millis(200));
            let value = self.script(code);
            let nothing = value.is_null() || value == false || value == "" || value == 0;
            (!nothing).then_some(value)
        });
        found.unwrap_or_else(|| {
            let text = self.script("return document.body.innerText").as_str().unwrap_or_default().to_owned();
            panic!("{what}: not within {at_most:?}; the page says:\n{text}")
        })
    }

    /// Clicks on the first element of a CSS selector.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let found = self.call("POST", &self.path("/element"), Some(&json!({ "using": "css selector", "value": selector })));
        let id = found[ELEMENT].as_str().expect("an element").to_owned();
        self.call("POST", &self.path(&format!("/element/{id}/click")), Some(&json!({})));
    }

    /// Presses Shift+Enter where the focus is.
    #[track_caller]
    pub fn shift_enter(&self) {
        let key = |kind: &str, value: &str| json!({ "type": kind, "value": value });
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": [
            key("keyDown", SHIFT), key("keyDown", ENTER), key("keyUp", ENTER), key("keyUp", SHIFT), key("keyDown", NONE), key("keyUp", NONE)
        ] }] });
        self.call("POST", &self.path("/actions"), Some(&actions));
    }

    /// Saves a picture of the window.
    #[track_caller]
    pub fn screenshot(&self, path: &Path) {
        let picture = self.call("GET", &self.path("/screenshot"), None);
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture.as_str().unwrap_or_default()).expect("base64");
        std::fs::write(path, bytes).expect("the target directory can be written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            let _ = http::request(self.port, "DELETE", &self.path(""), None);
        }
        for process in process::descendants(i32::try_from(self.driver.id()).unwrap_or(0)) {
            process.signal(libc::SIGKILL);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// chromedriver says on which port it listens.
#[track_caller]
fn port_of(driver: &mut Child) -> u16 {
    let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let port = lines.find_map(|line| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok());
    // It goes on writing: somebody must read.
    std::thread::spawn(move || lines.for_each(drop));
    port.expect("chromedriver says its port")
}
