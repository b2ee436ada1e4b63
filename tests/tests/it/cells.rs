//! Rust cells: state, values, the release profile.

use tests::session::Session;
use tests::transcript::data;

#[test]
fn state_lasts_and_code_is_release_grade() {
    let mut session = Session::start();
    assert_eq!(session.ok("1 + 1").result(), "2");
    let _ = session.ok("let mut numbers = vec![3, 1, 2];");
    let _ = session.ok("numbers.sort();");
    assert_eq!(session.ok("numbers").result(), "[1, 2, 3]");
    assert_eq!(session.ok("numbers.len()").result(), "3", "a value that was shown is still there");
    assert!(session.ok("let quiet = 5;").left_standing().is_empty());
    let _ = session.ok("fn double(x: i64) -> i64 { 2 * x }\n#[derive(Debug, Clone, PartialEq)]\nstruct Point { x: f64, y: f64 }\nuse std::collections::BTreeMap;\nconst SEVEN: i64 = 7;");
    assert_eq!(session.ok("double(SEVEN)").result(), "14");
    assert_eq!(session.ok("let p = Point { x: 1.0, y: -2.0 };\np").result(), "Point { x: 1.0, y: -2.0 }");
    assert_eq!(session.ok("let map: BTreeMap<_, _> = [(1, 'a')].into();\nmap").result(), "{1: 'a'}");
    let _ = session.ok("fn double(x: i64) -> i64 { 20 * x }");
    assert_eq!(session.ok("double(1)").result(), "20", "a function can be defined again");
    let _ = session.ok("let quiet = \"now a text\";");
    assert_eq!(session.ok("quiet").result(), "\"now a text\"", "a name can be bound again, to another type");
    assert_eq!(session.ok("\"\u{1f980} gr\u{fc}\u{df}e\".chars().count()").result(), "7");
    let _ = session.ok("struct Silent;");
    let unshown = session.run("Silent");
    assert!(unshown.reply["ename"].as_str().is_some_and(|name| name.starts_with("CompileError")), "{}", unshown.text());
    assert!(unshown.reply["traceback"].to_string().contains("derive(Debug)"), "{}", unshown.text());
    assert_eq!(session.ok("// only a comment").result(), "");

    // Numbers come from what `cargo build --release` would make.
    assert_eq!(session.ok("cfg!(debug_assertions)").result(), "false");
    let _ = session.ok("let mut small: u8 = std::hint::black_box(255);");
    assert_eq!(session.ok("small += std::hint::black_box(1);\nsmall").result(), "0", "an overflow wraps");
    // Without optimisation, this takes minutes.
    let sum = session.ok("(0..4_000_000_000_u64).filter(|n| n % 2 == 0).map(|n| n ^ 1).fold(0_u64, u64::wrapping_add)");
    assert_eq!(sum.result(), "4000000000000000000");
    assert_eq!(session.ok("let t = std::thread::spawn(|| 6 * 7); t.join().unwrap()").result(), "42");
    assert_eq!(session.ok("async fn later() -> i32 { 5 }\nlater().await").result(), "5");
}

#[test]
fn values_show_richly() {
    let mut session = Session::start();
    let html = session.ok("Html(\"<b>bold</b>\".to_owned())");
    assert_eq!(html.result_as("text/html"), "<b>bold</b>");
    let markdown = session.ok("Markdown(\"# Title\".to_owned())");
    assert_eq!(markdown.result_as("text/markdown"), "# Title");
    let svg = session.ok("Svg(\"<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>\".to_owned())");
    assert!(svg.result_as("image/svg+xml").starts_with("<svg"));
    let png = session.ok("Png(vec![0x89, b'P', b'N', b'G'])");
    assert_eq!(png.result_as("image/png").trim(), "iVBORw==");

    let shown = session.ok("display(&Html(\"<i>1</i>\".to_owned()));\nlet h = display(&Html(\"<i>2</i>\".to_owned()));\nprintln!(\"between\");\nh.update(&Html(\"<i>3</i>\".to_owned()));\nHtml(\"<i>4</i>\".to_owned())");
    let seen: Vec<String> = shown.displays().iter().map(|message| data(message, "text/html")).collect();
    assert_eq!(seen, ["<i>1</i>", "<i>2</i>"], "two displays of one type both appear");
    assert_eq!(shown.updates().len(), 1);
    let standing: Vec<String> = shown.left_standing().iter().map(|message| data(message, "text/html")).collect();
    assert_eq!(standing, ["<i>1</i>", "<i>3</i>", "", "<i>4</i>"]);
    let later = session.ok("h.update(&Html(\"<i>5</i>\".to_owned()));");
    assert_eq!(data(later.updates()[0], "text/html"), "<i>5</i>", "updates reach over cells");

    let mine = session.ok("struct Mine;\nimpl lab::show::Show for Mine {\n    fn show(&self) -> Display { Display::text(\"mine\").html(\"<u>mine</u>\") }\n}\nMine");
    assert_eq!((mine.result(), mine.result_as("text/html")), ("mine".into(), "<u>mine</u>".into()));

    let cleared = session.ok("println!(\"gone\");\nclear_output(true);\nprintln!(\"stays\");");
    let text: String = cleared.left_standing().iter().map(|message| message.text("text").to_owned()).collect();
    assert_eq!(text, "stays\n");
    let long = session.ok("vec![0_u8; 1_000_000]").result();
    assert!(long.len() < 40_000 && long.contains("cut"), "{} bytes", long.len());
}
