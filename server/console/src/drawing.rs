//! The hierarchy as a drawing: a tidy tree from left to right with straight edges.
//!
//! Each node shows name, kind, state, computers and age; its edge the last synchronisation, in the look of
//! its state. Where there are many servers, those below one that are in step are drawn as one node.

use std::fmt::Write as _;

use headwater_api::linkage::WsusKind;
use headwater_manager::{ServerView, TreeView};
use headwater_model::{ServerId, Timestamp};
use headwater_words::moment::age;
use headwater_words::quantity::{counted, grouped};
use headwater_words::synchronisation::mode;

use crate::look::{Look, State, escaped};

/// Sizes, in the units of the drawing.
const NODE_WIDTH: u32 = 236;
const NODE_HEIGHT: u32 = 88;
const ACROSS: u32 = 108;
const BETWEEN: u32 = 16;
const EDGE: u32 = 2;
/// The longest name that fits into a node, in characters.
const NAME_CHARS: usize = 28;
/// Of the drawing for a telephone.
const NARROW: u32 = 360;
const ROW: u32 = 44;
const STEP: u32 = 20;
/// From so many servers on, those in step are drawn together.
const SERVERS_DRAWN_MAX: usize = 24;

/// A place in the drawing.
struct Node {
    name: String,
    kind: String,
    /// Its computers, those that are silent, and the files that it lacks.
    holds: String,
    /// What stands beneath the edge to it: by what it is reached.
    linkage: &'static str,
    state: State,
    /// Beside the state.
    age: String,
    /// What stands on the edge to it.
    edge: String,
    href: Option<String>,
    children: Vec<Node>,
}

/// Draws the managing server and the tree below it.
pub(crate) fn tree(manager: &str, tree: &TreeView, is_reached: bool, now: Timestamp) -> String {
    let fold = tree.servers.len() > SERVERS_DRAWN_MAX;
    let root = Node {
        // The top one is often called the same.
        name: "Managing server".to_owned(),
        kind: manager.to_owned(),
        holds: String::new(),
        linkage: "",
        state: match is_reached {
            true => State::new(Look::InStep, "linked"),
            false => State::new(Look::Failed, "link failed"),
        },
        age: String::new(),
        edge: String::new(),
        href: None,
        children: children(tree, None, fold, is_reached, now),
    };
    narrow(&root) + &wide(&root)
}

/// For a telephone: each beneath the one that it takes from.
fn narrow(root: &Node) -> String {
    let mut drawn = String::new();
    let mut rows = 0;
    row(root, 0, &mut rows, &mut drawn);
    let height = rows * ROW;
    format!(
        "<svg class=\"narrow\" viewBox=\"0 0 {NARROW} {height}\" role=\"img\" aria-label=\"The tree of WSUS servers; \
         the table below tells the same\">{drawn}</svg>"
    )
}

/// Draws a node and what is below it; returns the middle of its row.
fn row(node: &Node, depth: u32, rows: &mut u32, drawn: &mut String) -> u32 {
    let (left, top) = (depth * STEP, *rows * ROW);
    *rows += 1;
    let (class, middle) = (node.state.look.class(), top + ROW / 2);
    let name: String = shortened(&node.name);
    let _ = write!(
        drawn,
        "<svg class=\"{class}\" x=\"{left}\" y=\"{sign_y}\" width=\"12\" height=\"12\"><use href=\"#sign-{class}\"/></svg>\
         <text class=\"name\" x=\"{x}\" y=\"{name_y}\"><title>{title}</title>{name}</text>\
         <text class=\"{class}\" x=\"{NARROW}\" y=\"{name_y}\" text-anchor=\"end\">{word}</text>\
         <text class=\"quiet\" x=\"{x}\" y=\"{holds_y}\">{holds}</text>",
        sign_y = middle - 12,
        x = left + 20,
        name_y = middle - 2,
        holds_y = middle + 14,
        title = escaped(&node.name),
        name = escaped(&name),
        word = escaped(&node.state.word),
        holds = escaped(if node.holds.is_empty() { &node.kind } else { &node.holds }),
    );
    for child in &node.children {
        let end = row(child, depth + 1, rows, drawn);
        let (x, class) = (left + 6, child.state.look.class());
        let _ = write!(drawn, "<path class=\"edge\" d=\"M{x} {}V{}\"/>", middle + 4, end - 6);
        let _ = write!(drawn, "<path class=\"edge {class}\" d=\"M{x} {0}H{1}\"/>", end - 6, left + STEP - 2);
    }
    middle
}

fn wide(root: &Node) -> String {
    let mut next_top = EDGE;
    let mut drawn = String::new();
    let mut deepest = 0;
    place(root, 0, &mut next_top, &mut deepest, &mut drawn);
    let width = EDGE * 2 + NODE_WIDTH + deepest * (NODE_WIDTH + ACROSS);
    let height = next_top - BETWEEN + EDGE;
    format!(
        "<svg class=\"wide\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"The tree of WSUS servers; the table below tells the same\">{drawn}</svg>"
    )
}

fn children(
    tree: &TreeView,
    parent: Option<ServerId>,
    fold: bool,
    is_reached: bool,
    now: Timestamp,
) -> Vec<Node> {
    let below = tree.servers.iter().filter(|one| one.server.parent == parent);
    let has_children = |id| tree.servers.iter().any(|one| one.server.parent == Some(id));
    let (mut nodes, mut folded) = (Vec::new(), 0);
    for one in below {
        let state = state(one, is_reached);
        if fold && state.look == Look::InStep && parent.is_some() && !has_children(one.server.id) {
            folded += 1;
            continue;
        }
        let children = children(tree, Some(one.server.id), fold, is_reached, now);
        nodes.push(node(one, state, children, now));
    }
    if folded > 0 {
        nodes.push(Node {
            name: counted(folded, "server"),
            kind: "in the table below".to_owned(),
            holds: String::new(),
            linkage: "",
            state: State::new(Look::InStep, "in step"),
            age: String::new(),
            edge: String::new(),
            href: None,
            children: Vec::new(),
        });
    }
    nodes
}

/// What is known of a server while the link fails is only how it was.
fn state(one: &ServerView, is_reached: bool) -> State {
    match is_reached {
        true => State::of(&one.standing),
        false => State::new(Look::Silent, "unknown now"),
    }
}

fn node(one: &ServerView, state: State, children: Vec<Node>, now: Timestamp) -> Node {
    let server = &one.server;
    let mode = server.mode.map_or("mode unknown", mode);
    let kind = match server.kind {
        Some(WsusKind::Headwater) => format!("Headwater, {mode}"),
        Some(WsusKind::Microsoft) => format!("Microsoft WSUS, {mode}"),
        None => mode.to_owned(),
    };
    let missing = one.standing.files_wanted.saturating_sub(one.standing.files_held);
    let mut holds = vec![counted(server.computers, "computer")];
    holds.extend((one.silent > 0).then(|| format!("{} silent", grouped(one.silent))));
    holds.extend((missing > 0).then(|| format!("{} missing", counted(missing, "file"))));
    Node {
        name: server.name.clone(),
        kind,
        holds: holds.join(", "),
        linkage: if server.linkage.is_some() { "Linkage" } else { "no Linkage" },
        state,
        age: server.last_contact_at.map_or_else(String::new, |at| age(at, now)),
        edge: server.last_sync_at.map_or_else(String::new, |at| age(at, now)),
        href: Some(format!("/servers/{}", server.id)),
        children,
    }
}

/// Draws a node and what is below it; returns the middle of the node.
fn place(node: &Node, depth: u32, next_top: &mut u32, deepest: &mut u32, drawn: &mut String) -> u32 {
    *deepest = depth.max(*deepest);
    let left = EDGE + depth * (NODE_WIDTH + ACROSS);
    let middles: Vec<u32> =
        node.children.iter().map(|child| place(child, depth + 1, next_top, deepest, drawn)).collect();
    let middle = match (middles.first(), middles.last()) {
        (Some(first), Some(last)) => (first + last) / 2,
        _ => {
            *next_top += NODE_HEIGHT + BETWEEN;
            *next_top - BETWEEN - NODE_HEIGHT / 2
        }
    };
    for (child, end) in node.children.iter().zip(&middles) {
        edge(child, left + NODE_WIDTH, middle, *end, drawn);
    }
    rectangle(node, left, middle - NODE_HEIGHT / 2, drawn);
    middle
}

fn edge(child: &Node, from: u32, middle: u32, end: u32, drawn: &mut String) {
    let (class, bend, to) = (child.state.look.class(), from + 20, from + ACROSS);
    // What edges share has no state of its own.
    let _ = write!(drawn, "<path class=\"edge\" d=\"M{from} {middle}H{bend}V{end}\"/>");
    let _ = write!(drawn, "<path class=\"edge {class}\" d=\"M{bend} {end}H{to}\"/>");
    if !child.linkage.is_empty() {
        let (x, y) = (bend + 8, end + 16);
        let _ = write!(drawn, "<text class=\"quiet\" x=\"{x}\" y=\"{y}\">{}</text>", child.linkage);
    }
    if !child.edge.is_empty() {
        let (x, y) = (bend + 8, end - 8);
        let text = escaped(&child.edge);
        let _ = write!(
            drawn,
            "<text class=\"quiet\" x=\"{x}\" y=\"{y}\"><title>last synchronisation</title>{text}</text>"
        );
    }
}

fn rectangle(node: &Node, left: u32, top: u32, drawn: &mut String) {
    let class = node.state.look.class();
    let (x, name_y, kind_y, holds_y, state_y) = (left + 12, top + 20, top + 40, top + 60, top + 80);
    let title = escaped(&node.name);
    let name = escaped(&shortened(&node.name));
    if let Some(href) = &node.href {
        let _ = write!(drawn, "<a href=\"{}\">", escaped(href));
    }
    let _ = write!(
        drawn,
        "<g><title>{title}</title>\
         <rect class=\"node\" x=\"{left}\" y=\"{top}\" width=\"{NODE_WIDTH}\" height=\"{NODE_HEIGHT}\" rx=\"2\"/>\
         <text class=\"name\" x=\"{x}\" y=\"{name_y}\">{name}</text>\
         <text class=\"quiet\" x=\"{x}\" y=\"{kind_y}\">{kind}</text>\
         <text class=\"quiet\" x=\"{x}\" y=\"{holds_y}\">{holds}</text>\
         <svg class=\"{class}\" x=\"{x}\" y=\"{sign_y}\" width=\"12\" height=\"12\">\
         <use href=\"#sign-{class}\"/></svg>\
         <text class=\"{class}\" x=\"{word_x}\" y=\"{state_y}\">{word}</text>\
         <text class=\"quiet\" x=\"{right}\" y=\"{state_y}\" text-anchor=\"end\">{age}</text></g>",
        kind = escaped(&node.kind),
        holds = escaped(&node.holds),
        word = escaped(&node.state.word),
        age = escaped(&node.age),
        sign_y = state_y - 10,
        word_x = x + 18,
        right = left + NODE_WIDTH - 12,
    );
    if node.href.is_some() {
        drawn.push_str("</a>");
    }
}

fn shortened(name: &str) -> String {
    match name.chars().count() > NAME_CHARS {
        true => name.chars().take(NAME_CHARS - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}
