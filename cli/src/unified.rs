//! The hunks of a unified diff.

use std::fmt::Write as _;

use similar::udiff::UnifiedHunkHeader;
use similar::{DiffOp, group_diff_ops};

/// Unchanged lines around each change.
const CONTEXT: usize = 3;

/// The hunks of a difference between lines, which end as they do in their texts.
pub(crate) fn hunks(ops: Vec<DiffOp>, old: &[&str], new: &[&str]) -> String {
    let mut out = String::new();
    for group in group_diff_ops(ops, CONTEXT) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", UnifiedHunkHeader::new(&group));
        for op in &group {
            let (removed, added) = (op.old_range(), op.new_range());
            if let DiffOp::Equal { .. } = op {
                print(' ', old.get(removed), &mut out);
            } else {
                print('-', old.get(removed), &mut out);
                print('+', new.get(added), &mut out);
            }
        }
    }
    out
}

fn print(sign: char, lines: Option<&[&str]>, out: &mut String) {
    for line in lines.unwrap_or_default() {
        out.push(sign);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}
