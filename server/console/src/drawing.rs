//! The hierarchy as a drawing: a tidy tree from left to right with straight edges.
//!
//! Each node shows name, kind, state, computers and age; its edge the last synchronisation, in the look of
//! its state. Where there are many servers, those below one that are in step are drawn as one node.

use std::fmt::Write as _;

use headwater_manager::{ServerView, TreeView};
use headwater_model::{ServerId, Timestamp};
use headwater_words::moment::age;
use headwater_words::quantity::counted;
use headwater_words::synchronisation::mode;

use crate::look::{Look, State, escaped};

/// Sizes, in the units of the drawing.
const NODE_WIDTH: u32 = 236;
const NODE_HEIGHT: u32 = 68;
const ACROSS: u32 = 108;
const BETWEEN: u32 = 14;
const EDGE: u32 = 2;
/// The longest name that fits into a node, in characters.
const NAME_CHARS: usize = 28;
/// From so many servers on, those in step are drawn together.
const SERVERS_DRAWN_MAX: usize = 24;

/// A place in the drawing.
struct Node {
    name: String,
    kind: String,
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
        name: manager.to_owned(),
        kind: "managing server".to_owned(),
        state: match is_reached {
            true => State::new(Look::InStep, "linked"),
            false => State::new(Look::Failed, "link failed"),
        },
        age: String::new(),
        edge: String::new(),
        href: None,
        children: children(tree, None, fold, is_reached, now),
    };
    let mut next_top = EDGE;
    let mut drawn = String::new();
    let mut deepest = 0;
    place(&root, 0, &mut next_top, &mut deepest, &mut drawn);
    let width = EDGE * 2 + NODE_WIDTH + deepest * (NODE_WIDTH + ACROSS);
    let height = next_top - BETWEEN + EDGE;
    format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
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
    let kind = server.mode.map_or("mode unknown", mode);
    Node {
        name: server.name.clone(),
        kind: format!("{kind}, {}", counted(server.computers, "computer")),
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
    if !child.edge.is_empty() {
        let (x, y) = (bend + 6, end - 6);
        let text = escaped(&child.edge);
        let _ = write!(
            drawn,
            "<text class=\"quiet\" x=\"{x}\" y=\"{y}\"><title>last synchronisation</title>{text}</text>"
        );
    }
}

fn rectangle(node: &Node, left: u32, top: u32, drawn: &mut String) {
    let class = node.state.look.class();
    let (x, name_y, kind_y, state_y) = (left + 12, top + 22, top + 40, top + 58);
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
         <svg class=\"{class}\" x=\"{x}\" y=\"{sign_y}\" width=\"12\" height=\"12\">\
         <use href=\"#sign-{class}\"/></svg>\
         <text class=\"{class}\" x=\"{word_x}\" y=\"{state_y}\">{word}</text>\
         <text class=\"quiet\" x=\"{right}\" y=\"{state_y}\" text-anchor=\"end\">{age}</text></g>",
        kind = escaped(&node.kind),
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
