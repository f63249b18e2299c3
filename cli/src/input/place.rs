//! From the path of a field to its position in the file.

use pod_security_policy::json::{self, Reader};

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// The positions of the fields of a document.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// A text that is searched on demand: most positions are never needed.
    Json(Mark),
    /// A tree, which reading YAML yields anyway.
    Yaml(Tree),
}

/// The marks of a YAML node and of its descendants.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) at: Mark,
    pub(crate) inside: Inside,
}

#[derive(Clone, Debug)]
pub(crate) enum Inside {
    Scalar,
    List(Vec<Tree>),
    /// Keys with their own marks.
    Map(Vec<(String, Mark, Tree)>),
}

/// One step of a path.
pub(crate) type Step = json::Step<String>;

/// The steps of a path as spelt in messages: `spec.containers[0].ports`, `metadata.annotations[example.com/key]`.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (name, behind) = inside.split_once(']').unwrap_or((inside, ""));
            steps.push(name.parse().map_or_else(|_| Step::Key(name.to_owned()), Step::Index));
            rest = behind;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
            if !name.is_empty() {
                steps.push(Step::Key(name.to_owned()));
            }
            rest = behind;
        }
    }
    steps
}

impl Layout {
    /// The position of a field, or of its nearest existing ancestor.
    pub(crate) fn find(&self, json: &str, path: &str) -> Mark {
        let steps = steps(path);
        match self {
            Layout::Yaml(tree) => tree.find(&steps),
            Layout::Json(start) => {
                let mut nearest = 0;
                // The text has been read before: a part that cannot be read again is treated as missing.
                let _ = walk(&mut Reader::new(json), &steps, &mut nearest);
                start.after(json.get(..nearest).unwrap_or_default())
            }
        }
    }

    /// The start of the document.
    pub(crate) fn start(&self) -> Mark {
        match self {
            Layout::Yaml(tree) => tree.at,
            Layout::Json(start) => *start,
        }
    }
}

impl Layout {
    /// The layout of a value inside, which is at a path.
    pub(crate) fn within(&self, json: &str, path: &str) -> Layout {
        match self {
            Layout::Json(_) => Layout::Json(self.find(json, path)),
            Layout::Yaml(tree) => {
                Layout::Yaml(tree.within(&steps(path)).cloned().unwrap_or_else(|| tree.clone()))
            }
        }
    }
}

impl Mark {
    /// The mark moved down by a number of lines.
    pub(super) fn below(self, lines: u32) -> Mark {
        Mark { line: self.line.saturating_add(lines), ..self }
    }

    /// The mark after some more text.
    pub(super) fn after(self, text: &str) -> Mark {
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let lines = text.bytes().filter(|byte| *byte == b'\n').count();
        match text.rsplit_once('\n') {
            None => Mark { line: self.line, column: self.column.saturating_add(count(text)) },
            Some((_, last)) => Mark {
                line: self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX)),
                column: count(last).saturating_add(1),
            },
        }
    }
}

impl Tree {
    /// Moves the tree down by a number of lines.
    pub(super) fn move_down(&mut self, lines: u32) {
        if lines == 0 {
            return;
        }
        self.at = self.at.below(lines);
        match &mut self.inside {
            Inside::Scalar => {}
            Inside::List(elements) => elements.iter_mut().for_each(|element| element.move_down(lines)),
            Inside::Map(members) => {
                for (_, at, tree) in members {
                    *at = at.below(lines);
                    tree.move_down(lines);
                }
            }
        }
    }

    fn within(&self, steps: &[Step]) -> Option<&Tree> {
        steps.iter().try_fold(self, |here, step| match (&here.inside, step) {
            (Inside::Map(members), Step::Key(key)) => {
                members.iter().find(|(name, ..)| name == key).map(|(.., tree)| tree)
            }
            (Inside::List(elements), Step::Index(index)) => elements.get(*index),
            _ => None,
        })
    }

    fn find(&self, steps: &[Step]) -> Mark {
        let mut at = self.at;
        let mut here = self;
        for step in steps {
            let next = match (&here.inside, step) {
                (Inside::Map(members), Step::Key(key)) => {
                    members.iter().find(|(name, ..)| name == key).map(|(_, mark, tree)| (*mark, tree))
                }
                (Inside::Map(members), Step::Index(index)) => {
                    let key = index.to_string();
                    members.iter().find(|(name, ..)| *name == key).map(|(_, mark, tree)| (*mark, tree))
                }
                (Inside::List(elements), Step::Index(index)) => {
                    elements.get(*index).map(|tree| (tree.at, tree))
                }
                _ => None,
            };
            let Some((mark, tree)) = next else { break };
            at = mark;
            here = tree;
        }
        at
    }
}

/// Advances `nearest` for each step that exists.
fn walk(reader: &mut Reader<'_>, steps: &[Step], nearest: &mut usize) -> json::Read<()> {
    let start = reader.mark().at;
    *nearest = start.max(*nearest);
    match (steps.split_first(), reader.next_byte()) {
        (Some((Step::Key(wanted), rest)), Some(b'{')) => {
            let mut before = start;
            reader.object(|reader, key| {
                if key == wanted.as_str() {
                    // The key lies between the end of the previous member and this position.
                    *nearest = before;
                    let value = reader.mark().at;
                    *nearest = value;
                    return walk(reader, rest, nearest);
                }
                reader.skip()?;
                before = reader.position();
                Ok(())
            })
        }
        (Some((Step::Index(wanted), rest)), Some(b'[')) => reader
            .list(|reader, index| if index == *wanted { walk(reader, rest, nearest) } else { reader.skip() }),
        _ => reader.skip(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_steps() {
        let key = |name: &str| Step::Key(name.to_owned());
        assert_eq!(
            steps("spec.containers[0].ports[12].hostPort"),
            [key("spec"), key("containers"), Step::Index(0), key("ports"), Step::Index(12), key("hostPort")]
        );
        assert_eq!(
            steps("metadata.annotations[example.com/a.b]"),
            [key("metadata"), key("annotations"), key("example.com/a.b")]
        );
        assert_eq!(steps(""), []);
    }

    #[test]
    fn json_is_looked_through() {
        let json = "{\n  \"spec\": {\n    \"a\": [1, {\"é\": 0, \"b\": true}]\n  }\n}";
        let layout = Layout::Json(Mark { line: 10, column: 3 });
        let find = |path| {
            let Mark { line, column } = layout.find(json, path);
            (line, column)
        };
        assert_eq!(find(""), (10, 3));
        assert_eq!(find("spec.a[1].b"), (12, 28));
        assert_eq!(find("spec.a[1].missing.too"), (12, 14));
        assert_eq!(find("metadata"), (10, 3));
    }
}
