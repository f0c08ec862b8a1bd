//! roundtable's own notes for its users, shipped in the binary: what it knows while its memory is empty.

/// Every note: its name and its Markdown text.
pub const NOTES: &[(&str, &str)] = &[
    ("notes/adding-a-tool.md", include_str!("../../notes/adding-a-tool.md")),
    ("notes/architecture.md", include_str!("../../notes/architecture.md")),
    ("notes/commands.md", include_str!("../../notes/commands.md")),
    ("notes/evidence.md", include_str!("../../notes/evidence.md")),
    ("notes/guardrails.md", include_str!("../../notes/guardrails.md")),
    ("notes/memory.md", include_str!("../../notes/memory.md")),
    ("notes/models.md", include_str!("../../notes/models.md")),
    ("notes/scenarios.md", include_str!("../../notes/scenarios.md")),
    ("notes/using-roundtable.md", include_str!("../../notes/using-roundtable.md")),
];

#[cfg(test)]
mod tests {
    use super::NOTES;

    #[test]
    fn what_a_newcomer_asks_has_a_heading() {
        let (_, using) = NOTES.last().expect("there are notes");
        for question in [
            "What is roundtable?",
            "How do I add my documents?",
            "Where is my data kept?",
            "How do I use a model server?",
            "Which tools are there?",
            "How do I make it forget something?",
            "Is my data private?",
        ] {
            assert!(using.contains(&format!("\n## {question}\n\n")), "{question}");
        }
        assert!(NOTES.iter().all(|(name, text)| name.ends_with(".md") && text.starts_with("# ")));
    }
}
