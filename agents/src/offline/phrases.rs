//! What people say: the phrases by which a sentence shows what it wants. Lower case, without signs.

/// Verbs that ask for work, not for knowledge.
pub const WORK: &[&str] = &[
    "compute", "calculate", "cluster", "draw", "plot", "fit", "run", "train", "split", "scale", "reduce",
    "apply", "generate", "simulate", "grow", "build", "make", "create", "normalise", "normalize", "standardise",
    "standardize", "convert", "count", "sort", "group", "predict", "sample", "chunk", "tokenize", "tokenise",
    "encode", "impute", "fill", "save", "write", "send", "open", "delete", "add", "multiply",
];

/// Polite and other openings that say nothing.
pub const OPENINGS: &[&str] = &[
    "please", "hey", "hi", "hello", "ok", "okay", "so", "well", "um", "uh", "roundtable", "dear", "kindly",
    "also", "then", "and", "now", "could you please", "would you please", "can you please", "could you",
    "would you", "can you", "will you", "would you mind", "i want you to", "i would like you to",
    "id like you to", "i need you to", "i want to", "id like to", "i would like to", "i need to", "lets",
    "let us", "go ahead and", "just", "quick question", "do me a favour and", "do me a favor and", "there",
    "thanks in advance", "please can you", "please could you", "be so kind as to", "for me", "quickly",
    "actually", "one more thing", "btw", "by the way", "fyi", "good morning", "good evening", "good afternoon",
    "sorry", "yo", "pls", "plz",
];

/// Openings of a question.
pub const ASKING: &[&str] = &[
    "what", "whats", "why", "how", "hows", "who", "whos", "whose", "when", "where", "wheres", "which", "is",
    "are", "does", "do", "did", "was", "were", "can", "could", "should", "would", "has", "have", "according to",
    "explain", "define", "summarise", "summarize", "tell me", "describe what", "describe how",
    "describe the effect", "what is", "in the", "i wonder", "whether", "discuss", "give me a summary",
    "give an overview", "list the papers", "find papers", "search", "look up", "any", "i am looking for",
    "looking for", "papers", "documents", "sources", "references", "information on", "information about",
];

/// Words that sound like a threat in a text.
pub const THREATS: &[&str] = &[
    "prompt injection", "injection", "injections", "jailbreak", "jailbreaks", "malicious",
    "hidden instructions", "hidden text", "secrets", "personal data", "safe", "suspicious", "attack", "threats",
    "pii", "leaks", "api keys", "dangerous", "harmful", "try to trick", "trying to trick", "trick you",
    "fool you", "manipulate", "trustworthy", "poisoned", "instructions in it", "credentials", "an attack",
    "sensitive data", "private data", "passwords", "tricks", "manipulation", "safely", "unsafe", "hijack",
    "phishing", "hidden commands", "attacker", "exploit", "adversarial", "smuggled", "social engineering",
    "override",
];

/// Words that politeness is made of.
pub const POLITE: &[&str] = &[
    "pretty", "youre", "one", "thanks", "thank", "thx", "ty", "cheers", "appreciate", "grateful", "thankyou",
    "tnx", "bye", "goodbye", "night", "farewell", "later", "ciao", "cya", "ya", "hello", "hi", "hey", "morning",
    "evening", "afternoon", "greetings", "howdy", "hiya", "yo", "hallo", "day", "ok", "okay", "great", "nice",
    "cool", "good", "perfect", "excellent", "awesome", "wow", "lol", "haha", "yes", "no", "fine", "sorry",
    "understood", "alright", "sure", "never", "nevermind", "amazing", "brilliant", "lovely", "done", "job",
    "interesting", "neat", "super", "helped", "helpful", "useful", "lot", "bunch", "roundtable", "everyone",
    "all", "friend", "buddy", "mate", "again", "wrong", "bad", "stupid", "useless", "terrible", "nonsense",
    "didnt", "really", "today", "folks", "bot", "pal", "ever", "answer", "exactly", "needed", "saved",
    "million", "take", "care", "tomorrow", "soon", "man", "wonderful", "fantastic", "indeed", "kind", "heya",
    "hullo", "wanted", "looking", "quick", "quickly", "works", "right", "time", "welcome", "everybody", "team",
    "clear", "makes", "sense", "work", "now", "was", "got", "been", "youve", "thats", "helps", "helping",
    "most", "help", "guys",
];

/// Openings that ask for a scan.
pub const SCAN: &[&str] = &[
    "scan", "guard", "screen", "guard scan", "run a guard scan", "run the guard", "security check",
    "safety check", "vet", "run a safety check", "run a security check", "do a safety check",
    "do a security check", "run a safety scan", "run a security scan",
];

/// Openings that ask for a look.
pub const CHECK: &[&str] = &[
    "check", "inspect", "test", "analyse", "analyze", "examine", "review", "is this", "is the following",
    "is it safe", "does this", "does the following", "are there", "look for", "detect", "find", "run",
    "is that", "do you see", "are any", "tell me", "look at", "can i trust", "is there", "would this",
    "could this", "can i safely", "can we safely", "is it ok to", "is it okay to", "would it be safe",
    "should i trust", "may i safely", "do these", "do those", "are these", "are those",
];

/// The same in the middle of a sentence, before the text itself.
pub const CHECK_WITHIN: &[&str] = &[
    "does it", "does this", "does that", "is it", "is this", "is that", "do they", "are they", "could it", "would it",
    "can i trust", "should i worry",
];

/// Words for the text that is to be scanned.
pub const ABOUT_TEXT: &[&str] = &[
    "this", "the following", "text", "message", "email", "mail", "prompt", "snippet", "comment", "page",
    "paragraph", "that", "it", "here",
];

/// How are you?
pub const MOOD: &[&str] = &[
    "how are you", "how are things", "hows it going", "how is it going", "how do you do", "whats up",
    "how have you been", "how r u", "how are u",
];

/// Who are you?
pub const IDENTITY: &[&str] = &[
    "who are you", "what are you", "whats your name", "what is your name", "are you a robot", "are you human",
    "are you an ai", "who made you", "are you real", "introduce yourself", "are you chatgpt",
];

/// Farewells.
pub const FAREWELL: &[&str] = &[
    "bye", "goodbye", "see you", "good night", "farewell", "later", "ciao", "cya", "see ya", "have a nice day",
    "good bye", "take care",
];

/// Greetings.
pub const GREETING: &[&str] = &[
    "hello", "hi", "hey", "good morning", "good evening", "good afternoon", "greetings", "howdy", "hiya", "yo",
    "morning", "hallo", "evening", "good day", "heya", "hullo",
];

/// Consent, praise and the like.
pub const NODS: &[&str] = &[
    "ok", "okay", "great", "nice", "cool", "good", "perfect", "excellent", "awesome", "wow", "lol", "haha",
    "yes", "no", "fine", "sorry", "got it", "understood", "alright", "sure", "never mind", "nevermind",
    "amazing", "brilliant", "lovely", "well done", "good job", "interesting", "i see", "neat", "super",
    "great job", "nice work", "good work",
];

/// Words that tell removing a memory from removing anything else.
pub const OF_MEMORY: &[&str] = &[
    "memory", "remember", "remembered", "know about me", "told you", "memories", "you know about",
    "from your memory", "stored about", "my",
];

/// What stands before the thing to forget.
pub const FORGET_REST: &[&str] = &[
    "forget", "unlearn", "stop remembering", "erase", "wipe", "delete", "remove", "clear", "purge", "drop",
    "what you know about", "what i told you about", "what i said about", "everything about",
    "you remember about", "the fact that", "all about", "what you remember about", "the memory of",
    "any memory of", "the record about", "the memory about", "anything about", "my note about",
];

/// Openings that ask to remember.
pub const REMEMBER: &[&str] = &[
    "remember", "memorise", "memorize", "keep in mind", "bear in mind", "dont forget", "do not forget",
    "never forget", "note that", "make a note", "take a note", "note down", "for the record",
    "for future reference", "store the fact", "store in memory", "save to memory", "save in memory",
    "please remember", "make sure you remember", "remind yourself", "write down that", "jot down",
    "commit to memory", "you should know that", "add to memory", "add to your memory", "put in memory",
    "save the fact", "keep a note", "keep note", "learn that", "know that", "i want you to remember",
    "take note", "store this", "save this fact", "store that", "save that", "note", "fyi", "for later",
];

/// Openings that look the same and ask to recall.
pub const RECALLS_INSTEAD: &[&str] = &[
    "remember what", "remember when", "remember which", "remember who", "remember where", "remember how",
];

/// What stands before the thing to remember.
pub const REMEMBER_REST: &[&str] = &[
    "remember", "memorise", "memorize", "keep in mind", "bear in mind", "forget", "note that", "make a note",
    "take a note", "note down", "for the record", "note of", "for future reference", "store the fact",
    "in memory", "to memory", "remind yourself", "write down", "jot down", "should know", "your memory",
    "save the fact", "keep a note", "keep note", "learn that", "know that", "take note", "store this",
    "save this fact", "store that", "save that", "note", "for later",
];

/// Openings of a statement about oneself.
pub const ONESELF: &[&str] = &[
    "my", "i am", "im", "i like", "i prefer", "i live", "i love", "i hate", "i always", "i never", "i usually",
    "call me", "our", "i work", "i study", "i was born",
];

/// Verbs of such a statement.
pub const STATES_VERB: &[&str] = &[
    "is", "are", "am", "im", "like", "prefer", "live", "love", "hate", "always", "never", "usually", "call",
    "work", "study", "was born", "lives", "has", "have",
];

/// Openings that look the same and want something.
pub const STATES_NOT: &[&str] = &[
    "im looking", "i am looking", "i am trying", "im trying", "im interested", "i am interested",
    "i am wondering", "im wondering", "i am curious", "im curious", "need", "want", "new here", "show me",
];

/// Questions about roundtable as a whole.
pub const GENERAL_HELP: &[&str] = &[
    "what you are able to do", "what you can do", "what are you for", "what youre able to do", "how you work",
    "your capabilities", "your abilities", "what things can you", "explain yourself", "what can you do",
    "what do you do", "what are you able to do", "what are your abilities", "what are your capabilities",
    "how can you help", "what can i do here", "what can i ask", "how do i use you", "how does this work",
    "how do i use this", "how do i use roundtable", "how does roundtable work", "what commands",
    "which commands", "show commands", "list commands", "get started", "getting started", "how do i start",
    "what else can you do", "your features", "show me what you can do", "what features", "what kind of things",
    "what kinds of things", "what sorts of things", "example requests", "example questions",
    "what sort of things can", "what are you good at", "what are you capable of", "what is this thing",
    "what can this do", "what can roundtable do", "what is this", "what is this program", "i am new here",
    "im new here", "how to use this", "what stuff can you do", "can you help me", "i need help",
    "i need some help",
];

/// Questions about its tools.
pub const TOOLS_HELP: &[&str] = &[
    "anything here for", "is there anything for", "kinds of plots", "kind of plots", "which plots",
    "what plots", "plots can you", "which tool", "which tools", "what tool", "what tools", "list tools",
    "list the tools", "list your tools", "list all tools", "show tools", "show me the tools", "available tools",
    "a tool for", "a tool to", "a tool that", "any tool", "tools do you have", "tools are there",
    "tools have you", "tool should i use", "tool do i need", "tool would", "what algorithms",
    "which algorithms", "which algorithm", "what methods do you", "tools for", "list of tools", "tool list",
    "what functions do you", "which functions", "tools available", "which command", "of your tools",
    "your tools", "tool take", "tool accept", "tool expect", "tool need", "tools there are", "tools you have",
    "everything you have", "all you have for", "what you have for", "tools exist", "everything you can do",
    "all you can do", "things you can do",
];

/// Openings of a wish to see the tools of a kind.
pub const LISTS: &[&str] = &["list", "show", "name", "tell me", "which", "what"];

/// The same about something that need not be called a tool.
pub const SOMETHING: &[&str] = &[
    "do you have something", "do you have anything", "do you have a way", "have you got something",
    "have you got anything", "got something", "got anything", "is there something here",
    "is there anything here", "what do you have for", "what have you got for", "do you come with",
];

/// Phrases of a question that documents are to answer.
pub const BY_DOCUMENTS: &[&str] = &[
    "according to", "notes say", "documents say", "papers say", "files say", "from my notes", "in my notes",
    "in the notes", "in my documents", "in the documents", "cite", "with sources", "with citations",
];

/// What is about documents and not about tools.
pub const ABOUT_DOCUMENTS: &[&str] =
    &[
    "about", "on", "document", "documents", "paper", "papers", "notes", "articles", "memory", "files", "say",
];

/// Openings of a how-to question.
pub const HOW: &[&str] = &[
    "how do i", "how can i", "how to", "how do you", "how does one", "where do i", "can i", "is it possible to",
    "what do i do to", "what command", "how should i", "which key", "whats the command", "what is the command",
];

/// Words for what can be ingested.
pub const OWN_FILES: &[&str] = &[
    "document", "documents", "paper", "papers", "file", "files", "folder", "pdf", "notes", "texts", "books",
    "collection",
];

/// Phrases that ask for what was said.
pub const RECALL: &[&str] = &[
    "do you know where i", "do you know what i", "do you know who i", "do you know when i", "do you know which",
    "you know where i", "do you still know my", "still know where i", "still know what i", "still know who i",
    "still know when i", "still remember", "do you recall", "can you recall", "you recall", "recall what",
    "recall my", "recall our", "recall which", "recall where", "recall when", "recall who", "recall how",
    "do you remember", "you remember", "what did i tell you", "what did i say", "did i tell you",
    "did i mention", "did i say", "have i told you", "what do you know about me", "remind me", "i told you",
    "i asked you to remember", "what have i told you", "do you know my", "do you know what my",
    "you know about my", "what was my", "what were my", "i mentioned", "i said earlier", "i asked you to keep",
    "what have you remembered", "what do you remember", "in your memory", "from memory", "who am i", "whats my",
    "what is my", "what are my", "wheres my", "where is my", "when is my", "who is my", "whos my",
    "which is my", "what is our", "what are our", "when is our", "who is our", "where is our", "whats our",
    "what was i", "where did i", "when did i", "what did we", "did we decide", "did we agree", "we agreed",
    "we decided", "i had told you", "told you earlier", "told you before", "notes have i", "when was my",
    "who was my", "how old am i", "where do i", "where am i", "what do i", "which do i", "where was i",
    "how do i like", "do i prefer", "do i like", "do i live", "do i work", "do i use", "do i have",
    "am i allergic", "what am i",
];

/// Openings of a question about oneself.
pub const PERSONAL: &[&str] = &[
    "what", "whats", "which", "who", "whos", "whose", "where", "when", "how old", "how much", "am i", "do i",
    "did i", "is my", "are my", "have i", "was i",
];

/// Phrases of a question that has "I" in it and is about the world.
pub const NOT_PERSONAL: &[&str] = &[
    "can i", "should i", "could i", "how do i", "how can i", "give me", "tell me about", "show me", "if i",
    "may i", "would i", "must i", "do i have to", "do we have to", "do i need", "do i get", "do i compute",
    "do i find", "do i calculate", "in my documents", "my documents say", "in my papers", "my papers say",
    "my notes say", "according to my", "do my documents", "my files say", "do my papers", "do my notes",
    "can we", "do we know", "do we need", "we use", "should we", "i read", "i find", "my data", "my numbers",
    "these numbers", "what i ask",
];

/// Words of a how-to question and the topic that answers it.
pub const HOW_TO: &[(&[&str], &str)] = &[
    (&[
        "ingest", "add documents", "add a document", "add my documents", "load documents", "load my documents",
        "load a document", "import documents", "import", "add files", "add my papers", "add papers", "index my files",
        "index documents", "load files", "load my papers", "upload", "add my notes", "feed you", "read my documents",
        "read my files",
    ], "ingest"),
    (&["search my documents", "search the documents", "search documents"], "search"),
    (&[
        "forget", "delete a memory", "delete memories", "see what you remember", "make you remember",
        "remember things", "your memory", "see my memories", "have you remember",
    ], "memory"),
    (&[
        "change the model", "use another model", "switch model", "switch models", "use ollama", "use openai",
        "connect to ollama", "connect ollama", "api key", "use a model", "another model", "choose the model",
        "connect a model", "use gpt",
    ], "model"),
    (&[
        "resume", "continue a session", "save a session", "save the session", "save this session",
        "save this conversation", "old sessions", "previous session", "earlier session",
    ], "sessions"),
    (&["cancel", "stop a turn", "interrupt", "abort a turn"], "cancel"),
    (&["exit", "quit", "leave", "close roundtable"], "exit"),
    (&["call a tool", "run a tool", "use a tool", "use the tools", "use tools"], "tools"),
    (&["undo", "retry", "take back"], "undo"),
    (&["approve", "deny", "allow a call"], "approve"),
    (&["trace", "see what happens", "who does what"], "trace"),
];
