//! What roundtable says of itself: what it can do, which tool does what, how things are done.

use super::find_tool::Finder;
use super::intent::SmallTalk;

/// Everything, in short.
pub fn general(finder: &Finder) -> String {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for tool in finder.tools().iter().filter(|tool| !tool.group.is_empty()) {
        let name = format!("`{}`", tool.name);
        match groups.iter_mut().find(|(group, _)| *group == tool.group) {
            Some((_, names)) => names.push(name),
            None => groups.push((&tool.group, vec![name])),
        }
    }
    let shelf: Vec<String> = groups
        .iter()
        .map(|(group, names)| {
            let shown = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
            format!("{group}: {shown}{}", if names.len() > 6 { ", …" } else { "" })
        })
        .collect();
    let tools = if shelf.is_empty() {
        String::new()
    } else {
        format!(" I run tools on your numbers and texts ({}).", shelf.join("; "))
    };
    format!(
        "I answer questions from your documents and cite the passages; `/ingest PATH` adds documents.{tools} I remember what you tell me \
         (“remember that …”), recall it and forget it. I scan texts for prompt injection, secrets and hidden text (“scan this: …”). \
         `/help` lists the commands and `/tools` the tools."
    )
}

/// Which tools do what the sentence asks for.
pub fn tools(finder: &Finder, sentence: &str) -> String {
    let ranked = finder.rank(&finder.spelled(sentence));
    let good: Vec<_> = ranked.iter().take(3).filter(|fit| fit.score >= 0.3).collect();
    if good.is_empty() {
        let asked = super::words::terms(sentence)
            .iter()
            .any(|term| !matches!(term, super::words::Term::Plain(word) if word == "tool"));
        if !asked {
            let names: Vec<String> = finder.tools().iter().map(|tool| format!("`{}`", tool.name)).collect();
            return format!("I have these tools: {}. `/tool NAME` shows one.", names.join(", "));
        }
        let near: Vec<String> =
            ranked.iter().take(2).filter(|fit| fit.score > 0.05).map(|fit| format!("`{}`", fit.tool.name)).collect();
        let near =
            if near.is_empty() { String::new() } else { format!(" The nearest I have: {}.", near.join(" and ")) };
        return format!("I have no tool for that.{near} `/tools` lists them all.");
    }
    let told: Vec<String> = good.iter().map(|fit| format!("`{}`: {}.", fit.tool.name, fit.tool.summary())).collect();
    let example = good[0]
        .tool
        .example
        .map(|example| format!(" For example: “{}”", super::writer::round(example)))
        .unwrap_or_default();
    format!("{}{example}", told.join(" "))
}

/// How something is done.
pub fn how_to(topic: &str) -> String {
    let text = match topic {
        "ingest" => {
            "`/ingest PATH` in the chat, or `roundtable ingest PATH…` at the command line, adds files and folders: text, Markdown and JSON Lines. Run again, it takes only what changed. Afterwards ask your question, and the answer cites the documents."
        }
        "search" => {
            "`/search WORDS` in the chat, or `roundtable search \"…\"` at the command line, shows the passages that fit; a question gets an answer with citations."
        }
        "memory" => {
            "“Remember that …” keeps a fact, “what is my …?” recalls it, “forget …” removes it for good. `/memory` lists what is kept, and `/why` says where it came from."
        }
        "model" => {
            "`/model` shows and changes the model: `offline` is built in, `openai` is any server that speaks OpenAI's protocol, `ollama` is an Ollama server. `roundtable doctor` says what works here."
        }
        "sessions" => {
            "Every session is kept in its journal: `/save` names it, `/resume ID` or `roundtable chat --resume ID` goes on with it."
        }
        "cancel" => "Ctrl-C cancels the turn; the conversation stays as it was before.",
        "exit" => "`/exit` or Ctrl-D leaves the chat.",
        "tools" => {
            "Say what you want with your numbers in the sentence, and I find the tool. `/tools` lists them, `/tool NAME` shows one, and `roundtable tool call NAME --args JSON` calls one by hand."
        }
        "undo" => "`/undo` takes back the last turn, `/retry` asks it again.",
        "approve" => {
            "A call that changes something after a stranger's text was read waits for you: `/approve` lets it run, `/deny` does not."
        }
        "trace" => "`/trace` shows live which role does what, and `/actors` who sits at the table.",
        _ => "`/help` lists the commands.",
    };
    text.to_owned()
}

/// The polite answer.
pub fn small_talk(talk: SmallTalk) -> &'static str {
    match talk {
        SmallTalk::Greeting => "Hello! Ask me something about your documents, or give me numbers to work on.",
        SmallTalk::Thanks => "You are welcome.",
        SmallTalk::Farewell => "Good bye! What you told me to remember stays here.",
        SmallTalk::Mood => "All is well at the table, thank you. What can I do for you?",
        SmallTalk::Identity => {
            "I am roundtable: a small team of programs that answers from your documents, runs tools and remembers. `/help` says more."
        }
        SmallTalk::Nod => "Good. What is next?",
        SmallTalk::Complaint => {
            "I am sorry. Tell me what you expected, or put it in other words, and I will try again."
        }
    }
}
