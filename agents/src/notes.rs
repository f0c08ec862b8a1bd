//! roundtable's own notes for its users, shipped in the binary: what it knows while its memory is empty.

/// Every note: its name and its Markdown text.
pub const NOTES: &[(&str, &str)] = &[
    ("README.md", include_str!("../../README.md")),
    ("notes/adding-a-tool.md", include_str!("../../notes/adding-a-tool.md")),
    ("notes/architecture.md", include_str!("../../notes/architecture.md")),
    ("notes/commands.md", include_str!("../../notes/commands.md")),
    ("notes/guardrails.md", include_str!("../../notes/guardrails.md")),
    ("notes/using-roundtable.md", include_str!("../../notes/using-roundtable.md")),
];

#[cfg(test)]
mod tests {
    use super::NOTES;
    use std::path::Path;

    #[test]
    fn every_note_for_users_is_shipped() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let notes = std::fs::read_dir(root.join("notes")).expect("the folder of notes");
        let mut found: Vec<String> = notes
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| name.ends_with(".md"))
            .map(|name| format!("notes/{name}"))
            .chain(["README.md".to_owned()])
            .collect();
        found.sort();
        let shipped: Vec<&str> = NOTES.iter().map(|(name, _)| *name).collect();
        assert_eq!(shipped, found, "the notes in the folder and those in this file differ");
    }
}
