//! Removal of a node: its key or its dash, its lines, its comma.

use super::nodes::{Node, Nodes};
use super::{Replacement, flow};
use crate::input::{Inside, Mark};

impl Nodes<'_> {
    /// The text without a node; `is_tail` if the rest of the list is removed as well.
    pub(super) fn without(&self, node: Node<'_>, is_tail: bool) -> Option<Replacement> {
        let key = match node.key {
            Some(mark) => self.lines.offset(self.text, mark)?,
            None => node.at,
        };
        let at = if node.in_flow {
            flow::with_comma(self.text, key..flow::end(self.text, node.at, true)?, is_tail)?
        } else {
            let start = self.text.get(..key)?.rfind('\n').map_or(0, |at| at + 1);
            let before = self.text.get(start..key)?;
            match (node.key, before.trim()) {
                (Some(mark), "") => start..self.lines_end(key, mark, node)?,
                // The first of several: the next one takes its place behind the dash.
                (Some(mark), "-") => key..self.next_key(self.lines_end(key, mark, node)?, before.len())?,
                (None, "-") => {
                    let dash = before.find('-')?;
                    start..self.deeper(key, dash + 1, false)
                }
                _ => return None,
            }
        };
        Some(Replacement { at, text: String::new() })
    }

    /// The end of the lines of a member: lines indented more than its key, or a list that is indented like it.
    fn lines_end(&self, key: usize, mark: Mark, node: Node<'_>) -> Option<usize> {
        let column = usize::try_from(mark.column).ok()?.checked_sub(1)?;
        let is_list = matches!(node.tree.inside, Inside::List(_)) && self.first(node)? != '[';
        Some(self.deeper(key, column + 1, is_list))
    }

    /// The end of the lines with at least this indentation; with dashes, one column less is enough.
    fn deeper(&self, from: usize, column: usize, dashes: bool) -> usize {
        let (mut at, mut end) = (from, from);
        for (nth, line) in self.text.get(from..).unwrap_or_default().split_inclusive('\n').enumerate() {
            let said = line.trim_start_matches(' ');
            let indent = line.len() - said.len();
            at += line.len();
            let is_dash = dashes && indent + 1 == column && said.starts_with('-') && !said.starts_with("---");
            if nth == 0 || (!said.trim().is_empty() && (indent >= column || is_dash)) {
                end = at;
            } else if !said.trim().is_empty() {
                break;
            }
        }
        end
    }

    /// The next key, if one follows at a column.
    fn next_key(&self, end: usize, column: usize) -> Option<usize> {
        let line = self.text.get(end..)?.lines().next()?;
        let indent = line.len() - line.trim_start_matches(' ').len();
        (indent == column && !line.trim().is_empty()).then_some(end + indent)
    }
}
