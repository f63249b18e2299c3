//! The position of a change in the text of a manifest.

use serde_json::{Map, Value};

use super::Replacement;
use super::difference::Change;
use super::flow::{self, Brackets};
use crate::input::{Inside, Lines, Mark, Step, Tree};
use crate::report;

/// The nodes of a manifest in their text.
pub(super) struct Nodes<'n> {
    pub(super) text: &'n str,
    pub(super) lines: &'n Lines,
    pub(super) tree: &'n Tree,
    pub(super) is_json: bool,
}

/// A node on the path to a change.
#[derive(Clone, Copy)]
pub(super) struct Node<'n> {
    pub(super) tree: &'n Tree,
    /// Its start, and its column.
    pub(super) at: usize,
    pub(super) column: usize,
    /// Its key.
    pub(super) key: Option<Mark>,
    /// Whether it is in flow style.
    pub(super) in_flow: bool,
}

impl Nodes<'_> {
    /// The replacement that makes a change; `None` if it cannot be determined.
    pub(super) fn replacement(&self, change: &Change) -> Option<Replacement> {
        match change {
            Change::Insert { into, members } => {
                let node = self.find(into)?;
                match &node.tree.inside {
                    Inside::Map(_) if self.first(node)? == '{' => self.in_brackets(node, members),
                    // With an anchor or a tag, or through an alias, it starts elsewhere.
                    Inside::Map(known) if known.first()?.1 == node.tree.at => self.in_block(node, members),
                    _ => None,
                }
            }
            Change::Replace { at, value } => {
                let node = self.find(at)?;
                self.instead(node, value)
            }
            Change::Remove { at, is_tail } => self.without(self.find(at)?, *is_tail),
        }
    }

    fn find(&self, path: &[Step]) -> Option<Node<'_>> {
        let mut node = self.node(self.tree, None, false)?;
        for step in path {
            let in_flow = node.in_flow || matches!(self.first(node), Some('{' | '['));
            node = match (&node.tree.inside, step) {
                (Inside::Map(members), Step::Key(key)) => {
                    let (_, mark, tree) = members.iter().find(|(name, ..)| name == key)?;
                    self.node(tree, Some(*mark), in_flow)?
                }
                (Inside::List(elements), Step::Index(index)) => {
                    self.node(elements.get(*index)?, None, in_flow)?
                }
                _ => return None,
            };
        }
        Some(node)
    }

    fn node<'t>(&self, tree: &'t Tree, key: Option<Mark>, in_flow: bool) -> Option<Node<'t>> {
        let at = self.lines.offset(self.text, tree.at)?;
        let column = usize::try_from(tree.at.column).ok()?.checked_sub(1)?;
        Some(Node { tree, at, column, key, in_flow })
    }

    pub(super) fn first(&self, node: Node<'_>) -> Option<char> {
        self.text.get(node.at..)?.chars().next()
    }

    /// More members for an object in flow style.
    fn in_brackets(&self, node: Node<'_>, members: &[(String, Value)]) -> Option<Replacement> {
        let Brackets { inside, close, no_comma } = flow::brackets(self.text, node.at)?;
        let opening = self.text.get(node.at + 1..close)?;
        let start = opening.len() - opening.trim_start().len();
        // Where each member has a line of its own, so do the new ones.
        let indent = opening.get(..start).and_then(|space| space.rsplit_once('\n')).map(|(_, indent)| indent);
        let separator =
            match indent.filter(|_| self.text.get(inside..close).is_some_and(|s| s.contains('\n'))) {
                Some(indent) => format!("{}{indent}", self.newline(node.at)),
                None => " ".to_owned(),
            };
        let mut text = String::new();
        for (nth, (key, value)) in members.iter().enumerate() {
            match (nth, no_comma) {
                (0, true) if separator == " " => {}
                (0, true) => text.push_str(&separator),
                _ => text = text + "," + &separator,
            }
            text = text + &flow::key_written(key, self.is_json) + ": " + &self.flow_value(value, &separator);
        }
        Some(Replacement { at: inside..inside, text })
    }

    /// A value after a key; JSON with members on lines of their own keeps that layout.
    fn flow_value(&self, value: &Value, separator: &str) -> String {
        if self.is_json && separator != " " {
            let pretty = report::to_json(value).unwrap_or_default();
            return pretty.trim_end().replace('\n', separator);
        }
        flow::written(value, self.is_json)
    }

    /// More members for an object in block style: lines after its last one.
    fn in_block(&self, node: Node<'_>, members: &[(String, Value)]) -> Option<Replacement> {
        let members: Map<String, Value> = members.iter().cloned().collect();
        self.lines_at(self.block_end(node, node.column)?, node, &Value::Object(members), node.column)
    }

    /// A value on lines of its own, before a position where a line starts or the text ends.
    fn lines_at(&self, at: usize, node: Node<'_>, value: &Value, column: usize) -> Option<Replacement> {
        let newline = self.newline(node.at);
        let lines: Vec<String> = report::to_yaml(value)
            .ok()?
            .lines()
            .map(|line| format!("{}{line}", " ".repeat(column)))
            .collect();
        let lines = lines.join(newline);
        let text = match self.text.get(..at)?.ends_with('\n') {
            true => format!("{lines}{newline}"),
            false => format!("{newline}{lines}"),
        };
        Some(Replacement { at: at..at, text })
    }

    /// The replacement of a node.
    fn instead(&self, node: Node<'_>, value: &Value) -> Option<Replacement> {
        if let Some(empty) = self.instead_of_nothing(node, value) {
            return Some(empty);
        }
        if !matches!(node.tree.inside, Inside::Scalar) && !matches!(self.first(node)?, '[' | '{') {
            let start = self.text.get(..node.at)?.rfind('\n').map_or(0, |at| at + 1);
            let before = self.text.get(start..node.at)?;
            let column = before.len() - before.trim_start_matches(' ').len();
            let is_list = matches!(node.tree.inside, Inside::List(_));
            // The dash of a list stands before its first element; anything else before it is left alone.
            let begins = before.trim().is_empty() || (is_list && before.trim() == "-");
            let fits = if is_list { value.is_array() } else { value.is_object() };
            let is_empty = matches!(value, Value::Array(list) if list.is_empty());
            let lines = self.lines_at(start, node, value, column + usize::from(is_empty))?;
            let at = start..self.block_end(node, column)?;
            return (begins && fits).then_some(Replacement { at, ..lines });
        }
        let at = node.at..flow::end(self.text, node.at, node.in_flow)?;
        Some(Replacement { at, text: flow::written(value, self.is_json) })
    }

    /// A value for a key without one: `securityContext:`
    fn instead_of_nothing(&self, node: Node<'_>, value: &Value) -> Option<Replacement> {
        let mark = node.key.filter(|_| !node.in_flow && matches!(node.tree.inside, Inside::Scalar))?;
        let key = self.lines.offset(self.text, mark)?;
        let line = self.text.get(key..)?.split_inclusive('\n').next()?;
        let (_, behind) = line.split_once(':')?;
        let is_empty = behind.trim().is_empty() || behind.trim_start().starts_with('#');
        let column = usize::try_from(mark.column).ok()?.checked_add(1)?;
        self.lines_at(key + line.len(), node, value, column).filter(|_| is_empty && value.is_object())
    }

    /// The end of the last line of a node in block style: as far as lines are indented like it.
    pub(super) fn block_end(&self, node: Node<'_>, column: usize) -> Option<usize> {
        // A list may be indented like the keys around it.
        let is_list = matches!(node.tree.inside, Inside::List(_));
        let mut at = node.at;
        let mut end = node.at;
        for (nth, line) in self.text.get(node.at..)?.split_inclusive('\n').enumerate() {
            let indent = line.chars().take_while(|c| *c == ' ').count();
            let said = line.trim();
            let separates = line.starts_with("---") || line.starts_with("...");
            at += line.len();
            let belongs = indent > column || (indent == column && (!is_list || said.starts_with('-')));
            if nth == 0 || (!said.is_empty() && !separates && belongs) {
                end = at;
            } else if separates || !(said.is_empty() || said.starts_with('#')) {
                break;
            }
        }
        Some(end)
    }

    fn newline(&self, at: usize) -> &'static str {
        let line = self.text.get(at..).and_then(|rest| rest.split_inclusive('\n').next());
        if line.is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
    }
}
