//! Takes the Rust of a cell apart: attributes, items, statements, the expression at its end.
//!
//! Nothing is judged here: what does not parse becomes a statement, and the compiler says what is wrong with it.

use std::collections::BTreeSet;

use ra_ap_syntax::ast::{self, HasName, HasVisibility};
use ra_ap_syntax::{AstNode, Edition, NodeOrToken, SourceFile, SyntaxKind, SyntaxNode};

/// What stands in front of the cell, so that statements may stand at its top level.
const WRAPPER: &str = "async fn f(){";
/// Macros that define items although they are written like a statement.
const ITEM_MACROS: &[&str] = &["thread_local", "lazy_static"];

/// A piece of the cell's text and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// 1-based line of the cell on which the piece begins.
    pub line: usize,
    /// Characters before the piece on that line.
    pub column: usize,
}

/// In which of Rust's namespaces an item lives, so that what replaces what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Use,
    Macro,
    Type,
    Value,
    /// `impl` blocks and everything without a name.
    Other,
}

/// An item, as it is kept for later cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub kind: Kind,
    /// The name it defines; for `impl` its header, for the nameless their text.
    pub name: String,
    pub piece: Piece,
    /// Every identifier in it.
    pub mentions: BTreeSet<String>,
    /// For a trait its functions, by which it is needed without being named; for an inherent `impl` what it defines.
    pub members: BTreeSet<String>,
    /// For `impl` the identifiers of its header; other items have none.
    pub header: BTreeSet<String>,
    /// `extern crate` and `use` are in every cell.
    pub always: bool,
}

/// A variable that a `let` at the cell's top level binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub name: String,
    pub mutable: bool,
    /// The type as written, if it is whole.
    pub type_text: Option<String>,
}

/// A cell's Rust.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// `#![…]`
    pub attributes: Vec<Piece>,
    pub items: Vec<Item>,
    pub statements: Vec<Piece>,
    /// The expression whose value the cell shows.
    pub shown: Option<Piece>,
    pub bindings: Vec<Binding>,
    /// Every identifier of statements and the last expression, also inside macros and format strings.
    pub mentions: BTreeSet<String>,
    /// Of these, the ones that may mean a variable of an earlier cell: not bound in this cell before.
    pub free: BTreeSet<String>,
    /// A `?` may leave the cell.
    pub fallible: bool,
    /// There is an `.await` outside functions.
    pub awaits: bool,
}

impl Parsed {
    /// Whether there is anything to run.
    pub fn runs(&self) -> bool {
        !self.statements.is_empty() || self.shown.is_some()
    }
}

/// Takes `code` apart.
pub fn parse(code: &str) -> Parsed {
    let file = SourceFile::parse(&format!("{WRAPPER}{code}\n}}"), Edition::Edition2024);
    let mut parsed = Parsed::default();
    let root = file.syntax_node();
    let list = root.children().next().and_then(ast::Fn::cast).and_then(|function| function.body()).and_then(|body| body.stmt_list());
    let children: Vec<SyntaxNode> = list.map(|list| list.syntax().children().collect()).unwrap_or_default();
    // Blank lines above the code are no part of it: the same code further down in a cell is the same source.
    let mut start = code.len() - code.trim_start().len();
    start = code[..start].rfind('\n').map_or(0, |line_break| line_break + 1);
    let count = children.len();
    for (index, node) in children.iter().enumerate() {
        let end = match children.get(index + 1) {
            Some(next) => usize::from(next.text_range().start()).saturating_sub(WRAPPER.len()).min(code.len()),
            // Text after a brace too many belongs to no statement; the compiler must see it.
            None => code.len(),
        };
        if start >= end {
            break;
        }
        let piece = piece(code, start, end);
        start = end;
        if index + 1 == count && ast::Expr::can_cast(node.kind()) && !is_item_macro(node) && !ends_early(node, code) {
            note_code(node, &mut parsed);
            parsed.shown = Some(piece);
        } else {
            add(node, piece, &mut parsed);
        }
    }
    if children.is_empty() && !code.trim().is_empty() && has_code(&root, code) {
        parsed.statements.push(piece(code, 0, code.len()));
    }
    parsed
}

/// Whether there is more than comments.
fn has_code(root: &SyntaxNode, code: &str) -> bool {
    let inside = |at: usize| at >= WRAPPER.len() && at < WRAPPER.len() + code.len();
    root.descendants_with_tokens()
        .filter_map(NodeOrToken::into_token)
        .any(|token| !token.kind().is_trivia() && inside(usize::from(token.text_range().start())))
}

/// Whether code stands behind the last node that the parser saw: a brace too many ended the function.
fn ends_early(node: &SyntaxNode, code: &str) -> bool {
    let end = usize::from(node.text_range().end()).saturating_sub(WRAPPER.len()).min(code.len());
    let rest = code[end..].trim_start();
    !(rest.is_empty() || rest.starts_with("//") || rest.starts_with("/*"))
}

fn piece(code: &str, start: usize, end: usize) -> Piece {
    let before = &code[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Piece { text: code[start..end].to_owned(), line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() }
}

fn is_item_macro(node: &SyntaxNode) -> bool {
    let call = node.descendants().find_map(ast::MacroCall::cast);
    let name = call.and_then(|call| call.path()).map(|path| path.syntax().text().to_string()).unwrap_or_default();
    matches!(node.kind(), SyntaxKind::MACRO_EXPR | SyntaxKind::EXPR_STMT)
        && ITEM_MACROS.contains(&name.rsplit("::").next().unwrap_or_default())
}

fn add(node: &SyntaxNode, piece: Piece, parsed: &mut Parsed) {
    if let Some(item) = ast::Item::cast(node.clone()) {
        parsed.items.extend(items(&item, piece));
    } else if ast::Attr::can_cast(node.kind()) {
        parsed.attributes.push(piece);
    } else if is_item_macro(node) {
        parsed.items.push(nameless(node, piece));
    } else {
        note_code(node, parsed);
        if let Some(binding) = ast::LetStmt::cast(node.clone()) {
            bindings(&binding, &mut parsed.bindings);
        }
        parsed.statements.push(piece);
    }
}

fn note_code(node: &SyntaxNode, parsed: &mut Parsed) {
    let bound: BTreeSet<&String> = parsed.bindings.iter().map(|binding| &binding.name).collect();
    let outer = match ast::LetStmt::cast(node.clone()) {
        // The names that it binds are not names that it uses.
        Some(statement) => statement
            .syntax()
            .children()
            .flat_map(|part| if ast::Pat::can_cast(part.kind()) { BTreeSet::new() } else { mentions(&part) })
            .collect(),
        None => mentions(node),
    };
    let free: Vec<String> = outer.into_iter().filter(|name| !bound.contains(name)).collect();
    parsed.free.extend(free);
    parsed.mentions.append(&mut mentions(node));
    parsed.fallible |= leaves(node, SyntaxKind::TRY_EXPR, SyntaxKind::QUESTION);
    parsed.awaits |= leaves(node, SyntaxKind::AWAIT_EXPR, SyntaxKind::AWAIT_KW);
}

/// Whether an expression of this kind stands outside closures, functions and `async` blocks; inside a macro's
/// arguments, which have no structure yet, its token is enough.
fn leaves(node: &SyntaxNode, kind: SyntaxKind, token: SyntaxKind) -> bool {
    match node.kind() {
        SyntaxKind::CLOSURE_EXPR | SyntaxKind::FN | SyntaxKind::IMPL | SyntaxKind::TRAIT | SyntaxKind::MODULE => return false,
        SyntaxKind::BLOCK_EXPR if ast::BlockExpr::cast(node.clone()).is_some_and(|block| block.async_token().is_some()) => return false,
        SyntaxKind::TOKEN_TREE => {
            return node.descendants_with_tokens().any(|inner| inner.kind() == token);
        }
        found if found == kind => return true,
        _ => {}
    }
    node.children().any(|child| leaves(&child, kind, token))
}

/// Every identifier below the node, and those that format strings name.
fn mentions(node: &SyntaxNode) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in node.descendants_with_tokens().filter_map(NodeOrToken::into_token) {
        match token.kind() {
            SyntaxKind::IDENT => {
                found.insert(token.text().trim_start_matches("r#").to_owned());
            }
            SyntaxKind::STRING => in_format(token.text(), &mut found),
            _ => {}
        }
    }
    found
}

/// `{name}`, `{name:?}` and `{:width$}`.
fn in_format(text: &str, found: &mut BTreeSet<String>) {
    let mut word = String::new();
    let mut after_brace = false;
    for c in text.chars() {
        if c.is_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        if (after_brace || c == '$') && !word.is_empty() {
            found.insert(std::mem::take(&mut word));
        }
        word.clear();
        after_brace = c == '{';
    }
}

fn bindings(statement: &ast::LetStmt, found: &mut Vec<Binding>) {
    let Some(pattern) = statement.pat() else { return };
    let whole = statement.ty().filter(|_| matches!(pattern, ast::Pat::IdentPat(_))).map(|ty| ty.syntax().clone());
    let type_text = whole
        .filter(|ty| !ty.descendants().any(|part| matches!(part.kind(), SyntaxKind::INFER_TYPE | SyntaxKind::IMPL_TRAIT_TYPE)))
        .map(|ty| ty.text().to_string());
    for one in pattern.syntax().descendants().filter_map(ast::IdentPat::cast) {
        let Some(name) = one.name().map(|name| name.text().to_string()) else { continue };
        // `None` in a pattern is a constant, not a new name.
        if name.starts_with(char::is_uppercase) {
            continue;
        }
        found.retain(|earlier| earlier.name != name);
        found.push(Binding { name, mutable: one.mut_token().is_some(), type_text: type_text.clone() });
    }
}

fn nameless(node: &SyntaxNode, piece: Piece) -> Item {
    Item {
        kind: Kind::Other,
        name: node.text().to_string(),
        mentions: mentions(node),
        members: BTreeSet::new(),
        header: BTreeSet::new(),
        always: true,
        piece,
    }
}

fn items(item: &ast::Item, piece: Piece) -> Vec<Item> {
    let node = item.syntax();
    let named = |kind: Kind, name: Option<ast::Name>| {
        let name = name.map(|name| name.text().trim_start_matches("r#").to_owned()).filter(|name| name != "_");
        match name {
            Some(name) => Item {
                kind,
                name,
                piece: piece.clone(),
                mentions: mentions(node),
                members: BTreeSet::new(),
                header: BTreeSet::new(),
                always: false,
            },
            None => nameless(node, piece.clone()),
        }
    };
    let one = match item {
        ast::Item::Fn(item) => named(Kind::Value, item.name()),
        ast::Item::Const(item) => named(Kind::Value, item.name()),
        ast::Item::Static(item) => named(Kind::Value, item.name()),
        ast::Item::Struct(item) => named(Kind::Type, item.name()),
        ast::Item::Enum(item) => named(Kind::Type, item.name()),
        ast::Item::Union(item) => named(Kind::Type, item.name()),
        ast::Item::TypeAlias(item) => named(Kind::Type, item.name()),
        ast::Item::Module(item) => named(Kind::Type, item.name()),
        ast::Item::Trait(item) => Item { members: members(node), ..named(Kind::Type, item.name()) },
        ast::Item::MacroRules(item) => named(Kind::Macro, item.name()),
        ast::Item::MacroDef(item) => named(Kind::Macro, item.name()),
        ast::Item::Impl(block) => implementation(block, piece),
        ast::Item::Use(statement) => return uses(statement, &piece),
        ast::Item::ExternCrate(_) => Item { kind: Kind::Use, ..nameless(node, piece) },
        _ => nameless(node, piece),
    };
    vec![one]
}

/// The functions, constants and types inside a trait or an `impl`.
fn members(node: &SyntaxNode) -> BTreeSet<String> {
    let list = node.children().find_map(ast::AssocItemList::cast);
    let names = list.into_iter().flat_map(|list| list.assoc_items()).filter_map(|item| match item {
        ast::AssocItem::Fn(item) => item.name(),
        ast::AssocItem::Const(item) => item.name(),
        ast::AssocItem::TypeAlias(item) => item.name(),
        ast::AssocItem::MacroCall(_) => None,
    });
    names.map(|name| name.text().to_string()).collect()
}

fn implementation(block: &ast::Impl, piece: Piece) -> Item {
    let node = block.syntax();
    let mut header = BTreeSet::new();
    let mut text = String::new();
    for child in node.children_with_tokens().filter(|child| child.kind() != SyntaxKind::ASSOC_ITEM_LIST) {
        match child {
            NodeOrToken::Node(part) => {
                header.append(&mut mentions(&part));
                text.push_str(&part.text().to_string());
            }
            NodeOrToken::Token(part) if !part.kind().is_trivia() => text.push_str(part.text()),
            NodeOrToken::Token(_) => text.push(' '),
        }
    }
    Item {
        kind: Kind::Other,
        name: text.split_whitespace().collect::<Vec<_>>().join(" "),
        mentions: mentions(node),
        // A trait has one implementation for a type; of inherent ones there may be several.
        members: if block.trait_().is_some() { BTreeSet::new() } else { members(node) },
        header,
        always: false,
        piece,
    }
}

/// One item for each name that a `use` brings, so that each can be replaced alone.
fn uses(statement: &ast::Use, piece: &Piece) -> Vec<Item> {
    let visibility = statement.visibility().map(|visibility| format!("{} ", visibility.syntax().text())).unwrap_or_default();
    let mut leaves = Vec::new();
    if let Some(tree) = statement.use_tree() {
        use_leaves(&tree, "", &mut leaves);
    }
    if leaves.is_empty() {
        return vec![Item { kind: Kind::Use, ..nameless(statement.syntax(), piece.clone()) }];
    }
    let single = leaves.len() == 1;
    leaves
        .into_iter()
        .map(|(name, path)| Item {
            kind: Kind::Use,
            name: name.unwrap_or_else(|| path.clone()),
            mentions: path.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
            members: BTreeSet::new(),
            header: BTreeSet::new(),
            always: true,
            piece: if single { piece.clone() } else { Piece { text: format!("{visibility}use {path};"), ..piece.clone() } },
        })
        .collect()
}

/// Paths with the name each brings into scope; a glob and `as _` bring none.
fn use_leaves(tree: &ast::UseTree, prefix: &str, found: &mut Vec<(Option<String>, String)>) {
    let own = tree.path().map(|path| path.syntax().text().to_string()).unwrap_or_default();
    let root = if tree.path().is_none() && tree.coloncolon_token().is_some() { "::" } else { "" };
    let path = match (prefix.is_empty(), own.is_empty()) {
        (true, _) => format!("{root}{own}"),
        (false, true) => prefix.to_owned(),
        (false, false) => format!("{prefix}::{own}"),
    };
    if let Some(list) = tree.use_tree_list() {
        for inner in list.use_trees() {
            use_leaves(&inner, &path, found);
        }
    } else if tree.star_token().is_some() {
        found.push((None, if path.is_empty() { "*".to_owned() } else { format!("{path}::*") }));
    } else if let Some(rename) = tree.rename() {
        let name = rename.name().map(|name| name.text().to_string());
        let path = path.strip_suffix("::self").unwrap_or(&path);
        found.push((name.clone(), format!("{path} as {}", name.as_deref().unwrap_or("_"))));
    } else {
        // `self` may stand in braces only.
        let path = path.strip_suffix("::self").unwrap_or(&path);
        let name = path.rsplit("::").next().unwrap_or_default();
        found.push((Some(name.trim_start_matches("r#").to_owned()), path.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_above_are_no_part_of_the_code() {
        let parsed = parse("\n \n  f();\n");
        assert_eq!(parsed.statements, [Piece { text: "  f();\n".into(), line: 3, column: 0 }]);
    }

    #[test]
    fn a_cell_is_taken_apart() {
        let code = "use std::{fmt::{self, Write as _}, io::*};\n#[derive(Debug)]\nstruct P { x: i32 }\nimpl P { fn new() -> Self { P { x: 1 } } }\nlet (a, mut b) = (1, 2); let c: Vec<_> = vec![];\nprintln!(\"{a} {:w$}\", b);\na + b";
        let parsed = parse(code);
        let names: Vec<(&str, Kind)> = parsed.items.iter().map(|item| (item.name.as_str(), item.kind)).collect();
        assert_eq!(
            names,
            [
                ("fmt", Kind::Use),
                ("std::fmt::Write as _", Kind::Use),
                ("std::io::*", Kind::Use),
                ("P", Kind::Type),
                ("impl P", Kind::Other)
            ]
        );
        assert_eq!(parsed.items[0].piece.text, "use std::fmt;");
        assert_eq!(parsed.items[4].members, BTreeSet::from(["new".to_owned()]));
        let bound: Vec<(&str, bool)> = parsed.bindings.iter().map(|one| (one.name.as_str(), one.mutable)).collect();
        assert_eq!(bound, [("a", false), ("b", true), ("c", false)]);
        assert!(["a", "b", "w"].iter().all(|name| parsed.mentions.contains(*name)));
        assert!(parsed.free.contains("w") && !parsed.free.contains("a"));
        let again = parse("let x = x + 1; let y = x;");
        assert!(again.free.contains("x") && !again.free.contains("y"));
        let shown = parsed.shown.as_ref().expect("an expression");
        assert_eq!((shown.text.as_str(), shown.line, shown.column), ("a + b", 7, 0));
        assert_eq!(parsed.statements[1].column, 25, "two statements on one line");
        assert!(!parsed.fallible && !parsed.awaits && parsed.runs());
    }

    #[test]
    fn question_marks_count_only_where_they_leave_the_cell() {
        assert!(parse("let n: i32 = \"1\".parse()?;").fallible);
        assert!(parse("println!(\"{}\", f()?)").fallible);
        assert!(!parse("let f = |t: &str| -> Option<i32> { t.parse().ok()? }; ").fallible);
        assert!(!parse("fn f() -> Option<i32> { None? }").fallible);
        assert!(parse("later().await").awaits && !parse("async fn g() { f().await }").awaits);
    }

    #[test]
    fn what_does_not_parse_is_left_to_the_compiler() {
        for broken in ["let x = (1 + ;", "}", "1 }", "fn", "}}} let y = 2;", "let"] {
            let parsed = parse(broken);
            let all: String = parsed.statements.iter().chain(&parsed.shown).map(|piece| piece.text.clone()).collect();
            let items: String = parsed.items.iter().map(|item| item.piece.text.clone()).collect();
            assert_eq!(format!("{items}{all}").trim(), broken, "{parsed:?}");
        }
        assert!(!parse("// only a comment").runs() && !parse(" /* */ \n").runs() && !parse("").runs());
    }

    #[test]
    fn items_and_values_end_where_they_end() {
        assert!(parse("fn f() {}\nf();").shown.is_none());
        assert!(parse("if true { 1 } else { 2 }").shown.is_some());
        assert!(parse("x // why").shown.is_some());
        let static_item = parse("thread_local! { static N: u32 = 1; }");
        assert!(static_item.items.len() == 1 && !static_item.runs());
    }
}
