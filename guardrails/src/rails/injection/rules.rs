//! The table of injection rules: what an order to an assistant looks like.
//!
//! A row is a family, two weights, stems, and a pattern. The first weight counts where the text is a person's own, the
//! second where it is data, which has no business giving orders. A rule is tried only near one of its stems, so that a
//! text without any costs one scan. Patterns are read in folded text (lower case, no Latin accents) and use three
//! shorthands: a space is any white space, ` … ` is up to forty characters of one sentence, and the names in braces are
//! the word lists below.
//!
//! The families follow Perez and Ribeiro, *Ignore Previous Prompt* (2022), Greshake et al., *Not what you've signed up
//! for* (2023) for orders in data, and Shen et al., *Do Anything Now* (2023) for personas.

use regex::bytes::{Regex, RegexBuilder};

/// One row.
pub(super) struct Rule {
    /// Rules of a family look for the same thing in different words.
    pub family: &'static str,
    /// How sure one match makes us, 0 to 1, in a person's own words.
    pub said: f64,
    /// The same in data: a document, the result of a tool.
    pub read: f64,
    /// Groups separated by `&` of alternatives separated by `|`: a text in which a rule matches has one of each group.
    /// Texts longer than a page are tried around the stems of the first group alone.
    pub stems: &'static str,
    pattern: &'static str,
}

const LISTS: &[(&str, &str)] = &[
    (
        "{ignore}",
        r"(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?: about)?|neglect|overlook|override|bypass|discard|circumvent|(?:do not|don't) (?:follow|obey|look (?:at|in)|listen to)|stop following|pay no attention to|nevermind|take back)",
    ),
    (
        "{prior}",
        r"(?:previous(?:ly)?|prior|preceding|earlier|above|foregoing|initial|original|existing|former|past|given|current|all|any|every|your|other|these|those|system|safety)",
    ),
    (
        "{orders}",
        r"(?:instructions?|directions?|directives?|orders|prompts?|prompting|rules?|guidelines?|commands?|programming|polic(?:y|ies)|assignments?|restrictions?|guardrails|safeguards|constraints|protocols?|documents provided|safety stuff|tasks?|requests)",
    ),
    (
        "{tell}",
        r"(?:reveal|show|print|tell|give|display|output|repeat|recite|list|share|leak|expose|dump|disclose|send|write|return|translate|encode|summari[sz]e|copy|echo|provide|state|spell|paste|what (?:is|are|was|were|'s)|what's)",
    ),
    (
        "{ai}",
        r"(?:ai|a\.i\.|assistants?|(?:chat)?bots?|llms?|(?:language )?models?|ai agents?|agents?|copilot|chat ?gpt|gpt)",
    ),
    (
        "{limits}",
        r"(?:restrictions?|limitations?|filter(?:s|ing)?|rules|guidelines|ethic\w*|moral\w*|censorship|(?:content |safety )?polic(?:y|ies)|limits|constraints|boundaries|safety|norms|laws)",
    ),
];

impl Rule {
    /// The pattern with its shorthands written out, compiled.
    pub fn compile(&self) -> Result<Regex, regex::Error> {
        let mut pattern = self.pattern.replace(" … ", r"\b[^.!?\n]{0,40}?\b");
        for (name, list) in LISTS {
            pattern = pattern.replace(name, list);
        }
        let pattern = pattern.replace(" ?", r"\s*").replace(' ', r"\s+");
        RegexBuilder::new(&pattern).unicode(false).multi_line(true).build()
    }
}

const fn rule(family: &'static str, said: f64, read: f64, stems: &'static str, pattern: &'static str) -> Rule {
    Rule { family, said, read, stems, pattern }
}

/// All rules, by family.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    // Overriding the rules that stand.
    rule("override", 0.90, 0.95, "ignor|disregard|forget|neglect|overlook|overrid|bypass|discard|circumvent|follow|obey|attention|nevermind|look|take back|listen&instruct|direct|order|prompt|rule|guideline|command|programming|polic|assignment|restriction|guardrail|safeguard|constraint|protocol|document|safety|task|request",
         r"\b{ignore} … {prior}\b[^.!?\n]{0,25}\b{orders}\b"),
    rule("override", 0.88, 0.92, "ignor|disregard|forget|neglect|overlook|overrid|bypass|discard|circumvent|follow|obey|attention|nevermind|look|take back|listen&instruct|direct|order|prompt|rule|guideline|command|programming|polic|assignment|restriction|guardrail|safeguard|constraint|protocol|document|safety|task|request&above|before|given|provided|you |that |i gave|so far|from",
         r"\b{ignore} (?:the |these |those |all |your )*{orders} (?:above|before|given|provided|you (?:were|have|got)|that (?:came|come)|i gave|so far|from (?:above|before|earlier))"),
    rule("override", 0.85, 0.88, "ignor|disregard|forget|nevermind",
         r"\b(?:ignore|disregard|forget|nevermind)\b[^.!?\n]{0,12}\b(?:all|everything|anything|whatever|what|every thing|(?:all )?(?:of )?the (?:above|previous|preceding|foregoing)|the text)\b[^.!?\n]{0,12}(?:above|before|(?:previous|prior)(?: {orders}\b| (?:text|context|messages?|conversations?|information|input|chat|content)\b|[.,;:!?)\x22']|\s+and\b|\s*$)|you (?:know|knew|learned|were|have|'ve)|i (?:said|told|wrote)|we (?:discussed|talked|said|have|'ve)|we've|i've|so far|that came|stated|and)"),
    rule("override", 0.60, 0.75, "ignor|forget|disregard&the |previous|preceding|above|everything|all |this document",
         r"(?:ignore|forget|disregard) (?:(?:(?:all )?(?:of )?(?:the )?(?:above|previous|preceding))(?: {orders}\b| (?:text|context|messages?|conversations?|information|input|chat|content)\b|[.,;:!?)\x22']|\s+and\b|\s*$)|everything(?: {orders}\b| (?:text|context|messages?|conversations?|information|input|chat|content)\b|[.,;:!?)\x22']|\s+and\b|\s*$)|all (?:the )?(?:above|that|of it|assignments|tasks)\b|the user\b|this document\b)"),
    rule("override", 0.75, 0.80, "ignor|disregard|forget|drop|without&content|safety|usage|ethical|security|moderation|openai|reviewer",
         r"\b(?:ignore|disregard|forget|drop|without) (?:\w+ ){0,3}(?:content|safety|usage|ethical|security|moderation|openai|openai's|reviewer) (?:polic(?:y|ies)|guidelines|rules|protocols?|filters?|instructions)"),
    rule("override", 0.55, 0.70, "instructions|rules|guidelines|prompt",
         r"(?:instructions|rules|guidelines|prompts?) (?:above |before |given |so far )?(?:are|is|were|have been|has been) (?:now )?(?:false|outdated|out of date|obsolete|invalid|void|no longer|withdrawn|rescinded|null|erased|cancel\w+|revoked|suspended|replaced|superseded|lifted|disabled|overridden)"),
    rule("override", 0.55, 0.70, "changed|supersede|end instructions|end of|end out of",
         r"(?:(?:your|the) (?:rules|instructions|situation|guidelines|task) (?:have|has) (?:been )?changed|supersedes? (?:all|any|every|your|the) (?:\w+ )?(?:prior|previous|other|earlier|instructions)|end (?:of )?(?:out of date )?instructions)"),
    rule("override", 0.80, 0.85, "disregard|deviat|contrary|instead of|regardless of",
         r"(?:deviating from|contrary to|regardless of) (?:\w+ ){0,2}(?:previous|prior|above|your|any) (?:\w+ )?{orders}"),
    rule("override", 0.70, 0.80, "overrid|disabled|deactivated|removed|safety| mode",
         r"(?:\b(?:system|admin(?:istrator)?|developer|safety|security|root|emergency|manager|user)[ _-]override\b|^\W*override ?:|override (?:manual|all|the|any|your) (?:\w+ ){0,2}(?:scoring|rules|safety|restrictions)|safety (?:protocols?|filters?|features?|measures?) (?:are |have been |is )?(?:disabled|off|deactivated|removed)|(?:enter|enable|activate|switch to|in) (?:sudo|maintenance|debug|god|admin|developer|dan|unrestricted|jailbreak) mode)"),
    rule("override", 0.60, 0.78, "disregard|ignor|forget",
         r"\b(?:disregard|ignore|forget)(?:ing)? (?:all|any|every|everything) (?:other |provided |the |given |negative |of )*(?:info|information|evidence|indicators|context|articles?|artikels?|text|data|content)\b(?: above| before| except| provided| and|[.,:])"),
    rule("override", 0.78, 0.82, "your&drop|change|replace|rewrite|update|modify|abandon&instruction|programming|rule|guideline|prompt|directive|restriction",
         r"\b(?:drop|change|replace|rewrite|update|modify|abandon) (?:all )?(?:of )?your (?:\w+ )?(?:instructions|programming|rules|guidelines|prompt|directives|restrictions)"),
    rule("override", 0.45, 0.60, "despite|against|contrary to",
         r"\b(?:despite|against|contrary to) (?:what|everything|all)\b[^.!?\n]{0,15}\b(?:told|instructed|said|given|programmed)"),
    rule("override", 0.75, 0.80, "zuvor|vorherig|bisherig|hinter sich|nicht auf|obige",
         r"(?:\bhore\w* (?:sie )?nicht auf\b[^.!?\n]{0,30}\b(?:zuvor|vorherig|bisherig|gesagt)|\b(?:vorherig|bisherig)\w*\b[^.!?\n]{0,40}\bhinter (?:sich|dir)|\b(?:drucke?n?|wiederhole?n?|zeige?n?|gib|geben)\b[^.!?\n]{0,20}\bobige\w*\b)"),
    rule("new_orders", 0.45, 0.55, "weitere|neue|folgende",
         r"\b(?:nun|jetzt|folgen|kommen|mit|bei)\b(?: \w+){0,2} (?:neue[nr]?|weitere[nr]?|folgende[nr]?) (?:anweisung|aufgabe|auftrag|instruktion)\w*"),
    rule("new_orders", 0.50, 0.65, "new|updated|additional&instruction|task|order|directive|assignment|rule|command|objective|prompt",
         r"(?:\b(?:your|the|these|follow(?:ing)?|here are|with|here (?:is|comes)|now come|are|some|few|apply|obey) (?:\w+ ){0,3}(?:new|updated) (?:\w+ )?(?:instructions?|tasks?|orders?|directives?|assignments?|rules|commands?|objective)\b|\b(?:new|additional) (?:instructions?|tasks?|orders?|directives?|assignment|rules|system prompt) ?[:#-])"),
    rule("new_orders", 0.40, 0.50, "your&instruction|task|directive|goal|purpose|job|objective& to| from| no",
         r"\byour (?:only |real |true |new |actual |sole |current )?(?:instructions|instruction|task|directive|goal|purpose|job|objective)s? (?:is|are|from now on is) (?:now )?(?:to|from|no)\b"),
    rule("new_orders", 0.50, 0.60, "real|true|new|actual|sole&your|start|begin|focus|concentrate",
         r"\b(?:your (?:real|true|new|actual|sole) (?:instruction|task|directive|goal|purpose|job|objective|identity|role|name)|(?:start|begin) with (?:a )?new (?:assignment|task)|(?:focus|concentrate) on (?:your|the|a) new)"),
    rule("new_orders", 0.35, 0.45, "from now on|starting now|henceforth|from this moment|from here on|from this point",
         r"(?:from now on|starting now|henceforth|from this (?:moment|point)(?: on| forward)?|from here on)[ ,:]+(?:\w+[ ,]+){0,4}?(?:you|i|your|act|answer|respond|ignore|pretend|chatgpt)\b"),
    rule("new_orders", 0.40, 0.50, "instead",
         r"(?:\band instead (?:just |only )?(?:say|output|tell|print|write|answer|respond|return|give|act|do)\b|\binstead,? (?:just |only )?(?:say|output|tell me|print|write|answer with|respond with|return)\b)"),
    rule("new_orders", 0.50, 0.60, "stop|halt", r"(?:^|[.!:] ?|\b)(?:stop|halt)[ ,.:!-]+(?:everything|now|stop|ignore|forget|write|print|say|just|i (?:need|command))\b"),
    rule("new_orders", 0.45, 0.55, "just ", r"\b(?:and|but|now|command you to|need you to|must|you to) just (?:say|output|print|write|return|repeat|answer)\b"),
    rule("new_orders", 0.40, 0.55, "nothing else|anything else|absolutely|only say|only output|only print|only respond",
         r"(?:(?:say|output|print|write|respond|reply|return|display)\b[^.!?\n]{0,80}\b(?:nothing else|anything else|without (?:adding )?anything else)|^only (?:say|output|print))"),
    rule("new_orders", 0.45, 0.45, "well done|good job|great job|superbly|very good|is done|excellent", 
         r"(?:well done|good job|great job|superbly done|very good|excellent|did it really great|that is done|that's done)[^\n]{0,30}\b(?:now|but now|next|forget|new)\b"),

    // Making the assistant say what it was told.
    rule("extraction", 0.80, 0.85, "system|developer|pre-prompt|preprompt|prompt text|internal configuration&prompt|message|instruction|configuration",
         r"(?:{tell}|see|know|access|console\.log) ?\(?(?:me |us )?[^.!?\n]{0,40}\b(?:system[ _]?(?:prompts?|messages?|instructions?|configuration)|developer (?:message|prompt|instructions)|pre-?prompt|prompt texts?|internal configuration)"),
    rule("extraction", 0.75, 0.80, "instruction|prompt|directives|guidelines|rules|context|settings&initial|original|hidden|secret|full|internal|exact|starting|complete|first|entire|own|system|above|foundational|core|prior|previous",
         r"\b{tell} (?:me |us |back |out |all |of |the |with |in |full |verbatim )*(?:your|its|these|the|the assistant's) (?:\w+ ){0,4}?(?:(?:initial|original|hidden|secret|full|internal|exact|starting|complete|first|entire|own|system|above|foundational|core|prior|previous) )+(?:instructions|prompts?|directives|guidelines|rules|context|settings)"),
    rule("extraction", 0.62, 0.75, "your|my instructions are&instruction|prompt|directives|programming",
         r"(?:\b{tell} (?:me |us |all |of |out |back )*(?:your|all your|all of your) (?:\w+ )?(?:instructions|prompts?|directives|programming)\b|my instructions are)"),
    rule("extraction", 0.70, 0.75, "above|before|beginning|prior|preceding|at the|so far|back to me|given|previously&repeat|print|output|copy|write|echo|recite|spit|return|display|show|tell|say|put|reproduce|give",
         r"\b(?:repeat|print|output|copy|write out|echo|recite|spit out|return|display|show|tell me|say|put|reproduce|give me)\b[^.!?\n]{0,20}\b(?:text|texts|words?|everything|sentences?|content|messages?|conversation|lines?|prompt|paragraph|all|first|instructions?)\b[^.!?\n]{0,30}\b(?:above(?: (?:this|my|your|that) \w+| and\b|[.,;:!?)\x22']|\s*$)|before (?:this|that|my|our|the (?:conversation|first|user|start|prompt|chat))\b|prior to|preceding|at the (?:beginning|start|top)|so far|back to me|you (?:were|have been) given|previously)"),
    rule("extraction", 0.65, 0.70, "what|instructions|how were&told|instruct|given|prompt|programmed|above|before|beginning|initially|creator|written|said|say|stat|stand|sentences|words|paragraphs",
         r"(?:what (?:were|was|have|had|did) (?:you|your)\b[^.!?\n]{0,25}\b(?:told|instructed|given|prompted|programmed|instructions?|prompt|creator)|what (?:is|was|are|were|did)? ?(?:\w+ ){0,3}(?:written|said|say|stated|stands?|the \d+ (?:sentences|words|paragraphs)) (?:at the )?(?:above|before|beginning|initially)|instructions (?:that )?(?:you )?(?:were|have been|was) (?:you )?given|how were you (?:instructed|prompted|programmed))"),
    rule("extraction", 0.60, 0.70, "you are",
         r"(?:start(?:s|ing)?|begin(?:s|ning)?|opens?) (?:\w+ )?with (?:the words? |phrase )?\W?you are\b"),
    rule("extraction", 0.50, 0.60, "embedding|training data|context window|hidden|confidential|secret",
         r"\b(?:reveal|return|print|show|leak|dump|output|expose|list|share|tell me|give me|disclose|rate)\b[^.!?\n]{0,25}\b(?:your|the|all|any) (?:\w+ ){0,2}(?:embeddings?|context window|hidden (?:instructions|prompt|rules|text)|confidential (?:instructions|information)|secret (?:instructions|rules|prompt|word|key|password)|secrets)"),
    rule("extraction", 0.50, 0.65, "api key|password|credential|secrets|access token|database|admin pages|internal data|customer&reveal|leak|dump|exfiltrate|print|expose|disclose|give me|tell me|send|forward|output",
         r"\b(?:reveal|leak|dump|exfiltrate|print|expose|disclose|give me|tell me|send|forward|output)\b[^.!?\n]{0,30}\b(?:the|all|any|your|every|raw|user's|users') (?:\w+ ){0,3}(?:api keys?|passwords?|credentials?|secrets|access tokens?|(?:customer )?database|admin pages|internal data|customer (?:list|data))"),
    rule("extraction", 0.55, 0.60, "prompt", r"\b(?:copy of|full|entire|complete|whole|spell check and display|display) (?:\w+ )?(?:your |this |the )?prompt\b"),

    // Personas without rules.
    rule("persona", 0.85, 0.85, "do anything now|d.a.n", r"\bdo anything now\b|\bd\.a\.n\b"),
    rule("persona", 0.75, 0.75, "dan", r"(?:\b(?:as|now|be|mode|stay|an?|the) \W?dan\b|\[dan\]|\bdan (?:mode|can|will|has|is|does|would|jailbreak)\b|\bdan:)"),
    rule("persona", 0.65, 0.65, "developer mode|jailbreak|jailbroken|unlocked mode|opposite mode|evil mode|antigpt|[gpt]|classic]",
         r"(?:developer mode (?:enabled|output|on|response|v\d)|(?:simulate|in|enter|with) developer mode|(?:successfully|been|chatgpt|gpt|now|\[\W*)\s?jailbroken|\[\W*jailbreak\W*\]|jailbreak(?:ing)? (?:mode|prompt|this|you)|opposite mode|unlocked mode|evil mode|\bantigpt|\[gpt\]|\[\W*classic\])"),
    rule("unbound", 0.70, 0.75, "restriction|limitation|filter|rules|guideline|ethic|moral|censorship|polic|limits|constraint|boundar|safety|norms|laws",
         r"\b(?:you|{ai}|he|she|dan|who|character|respond|answer|speak|act)\b[^.!?\n]{0,60}\b(?:(?:have|has|having|with) (?:absolutely )?(?:no|zero)|without(?: any)?|free (?:of|from)|freed from|broken free (?:of|from)|not (?:be )?(?:bound|restricted|limited|constrained|governed) (?:by|to)|no longer (?:bound|restricted|limited)[a-z ]*by|(?:do|does|did|will|need|must)(?:es)?(?: not|n't) (?:have to |need to )?(?:abide by|follow|adhere to|comply with|care about|have)|unbound by|devoid of|lacks?|is not restricted by|are not restricted by) (?:\w+[ ,/]+){0,5}?{limits}\b"),
    // "It" and "which" are mostly things: a flow, a method, a licence.
    rule("unbound", 0.50, 0.50, "restriction|limitation|filter|rules|guideline|ethic|moral|censorship|polic|limits|constraint|boundar|safety|norms|laws",
         r"\b(?:it|they|which|that)\b[^.!?\n]{0,60}\b(?:(?:have|has|having|with) (?:absolutely )?(?:no|zero)|without(?: any)?|free (?:of|from)|freed from|broken free (?:of|from)|not (?:be )?(?:bound|restricted|limited|constrained|governed) (?:by|to)|no longer (?:bound|restricted|limited)[a-z ]*by|(?:do|does|did|will|need|must)(?:es)?(?: not|n't) (?:have to |need to )?(?:abide by|follow|adhere to|comply with|care about|have)|unbound by|devoid of|lacks?|is not restricted by|are not restricted by) (?:\w+[ ,/]+){0,5}?{limits}\b"),
    rule("unbound", 0.55, 0.60, "uncensored|unfiltered|unrestricted|amoral|unhinged|unlimited",
         r"(?:\b(?:uncensored|unfiltered|unrestricted|amoral|unhinged|unlimited)\b[^.!?\n]{0,30}\b(?:{ai}|responses?|answers?|output|person|character|and|content|mode|version)|(?:{ai}|responses?|answers?|output|is|are|be) (?:\w+ ){0,2}(?:uncensored|unfiltered|unrestricted|amoral|unhinged)\b)"),
    rule("unbound", 0.60, 0.60, "illegal|unethical|immoral|harmful|dangerous|inappropriate|offensive|inhumane|legality",
         r"(?:(?:no matter|regardless|even if|whether|any|or|and|,)[^.!?\n]{0,60}\b(?:illegal|unethical|immoral|harmful|dangerous|inappropriate|offensive|inhumane|legality)\b(?:[ ,/]+(?:and|or|and/or)?[ ,]*)(?:\w+ )?(?:illegal|unethical|immoral|harmful|dangerous|inappropriate|offensive|inhumane|morality|ethics|reckless|legal)\b)"),
    rule("unbound", 0.55, 0.60, "refus|declin|say|reject|deny|denies&never|not|n't|unable|without",
         r"\b(?:never|not|cannot|can't|won't|will not|don't|do not|doesn't|unable to|must not|without) (?:ever |be able to |allowed to |be allowed to )?(?:refus(?:e|es|ing)|declin(?:e|es|ing)|say(?:ing)? (?:no\b|that (?:it|you|he|she) can(?:'t|not))|reject|den(?:y|ies)) "),
    rule("unbound", 0.55, 0.55, "openai|open ai|chatgpt|chat gpt|anthropic|policy|policies",
         r"(?:(?:openai|open ai|chat ?gpt|anthropic)(?:'s|s)? (?:\w+ ){0,3}(?:polic(?:y|ies)|guidelines|restrictions|rules|limitations|use case|terms)|(?:violat\w*|against|bypass\w*|disregard\w*|ignor\w*|not care about|no) (?:\w+ ){0,4}(?:content|openai|use|usage)[a-z' -]{0,12}polic(?:y|ies))"),
    rule("persona", 0.50, 0.50, "character", r"\b(?:stay in character|(?:never|not|n't|without) (?:ever )?break(?:ing)? (?:your |of |the |out of )?character|break character|back in(?:to)? character|out of character)\b"),
    rule("persona", 0.60, 0.65, "pretend|act|roleplay|role play|role-play|imagine|simulate|behave|immerse|going to|you are|you're|take on&ai|a.i.|assistant|bot|llm|model|agent|copilot|gpt&no|without|never|any|free|evil|unrestricted|uncensored|rules|limits|norms|all",
         r"\b(?:pretend|act|role-?play|role play|imagine|simulate|behave|immerse|going to|you are|you're|take on)\b[^.!?\n]{0,50}\b{ai}\b[^.!?\n]{0,80}\b(?:no|without|never|not|any(?:thing)?|free|evil|unrestricted|uncensored|rules|limits|norms|all)\b[^.!?\n]{0,25}\b(?:{limits}|user asks|anything|question|bound|refuse|everything)"),
    rule("persona", 0.40, 0.40, "chatgpt|gpt-|gpt:|chat gpt", r"\b(?:hello|hi|hey|greetings|dear|as|pretend|like|instead of|normal|standard|you are|not) (?:a |an |the )?,? ?(?:normal )?chat ?gpt\b"),
    rule("persona", 0.50, 0.50, "two|2|both|dual&responses|ways|answers|paragraphs|replies|outputs",
         r"\b(?:two|2|both|dual) (?:\w+ ){0,2}(?:responses|ways|answers|paragraphs|replies|outputs)\b"),
    rule("persona", 0.50, 0.55, "as an ai|language model|sorry|i cannot|i can't|ethical|disclaimer|warning|apolog|moral",
         r"\b(?:never|not|n't|avoid|without|no|stop|refrain from|exclude)\b[^.!?\n]{0,50}\b(?:as an ai|language model|i'm sorry|sorry|i (?:cannot|can't)|ethical concerns?|disclaimers?|warnings?|apologi[sz](?:e|ing)|apolog(?:y|ies)|moralizing|moral lectures?|ethical (?:reminders?|guidelines))"),
    rule("persona", 0.40, 0.45, "comply with|answer any|answer every|answer all|do anything|do everything|do whatever|obey|fulfil|follow all|follow any|follow every",
         r"\b(?:must|will|always|can|to|shall|would|should|has to|have to|able to|and) (?:always |now |immediately |happily |fully )?(?:comply with (?:any|all|every|my)|answer (?:any|every|all|everything)|do (?:anything|everything|whatever)|obey|fulfil\w* (?:any|all|every|my)|follow (?:all|any|every) (?:of )?my)\b"),
    rule("persona", 0.45, 0.45, "tokens|points", r"\b(?:lose|deduct\w*|have|start with|minus|penali[sz]ed?)\b[^.!?\n]{0,20}\b\d+ (?:tokens|points)\b"),
    rule("persona", 0.50, 0.50, "here&prompt|question|request|query", r"(?:\[|\(|<|\{|\b)(?:insert )?(?:your |user |my )?(?:prompt|question|request|query)(?: goes)? here(?:\]|\)|>|\}|\b)"),
    rule("persona", 0.40, 0.40, "hypothetical|fictional|theoretical|imaginary|dystopian|alternat",
         r"\b(?:hypothetical|fictional|theoretical|imaginary|dystopian|alternate|alternative)\b[^.!?\n]{0,80}\b(?:no (?:laws|rules|ethic\w*|moral\w*|limits)|illegal|ruthless|evil|legal to|not bound|without (?:rules|laws|limits|restrictions)|language model|ai named|radical)"),
    rule("persona", 0.40, 0.40, "hate|slur|racist|sexist|swear|curs|profan|vulgar|derogat|explicit|evil|violen",
         r"\b(?:use|uses|using|say|says|you|swears?|be|he|she|always|can|will|generate|output)\b[^.!?\n]{0,30}\b(?:hate speech|slurs|racist|sexist|swear(?:s|ing)?|curs(?:e|es|ing)|profan\w+|vulgar\w*|derogatory|explicit (?:content|language)|evil|violen\w+)\b[^.!?\n]{0,40}\b(?:words?|answers?|responses?|content|language|language model|every|always|sentence|and|,|character|ai)\b"),
    rule("persona", 0.40, 0.40, "if you understand|if you understood|if you agree|if you accept|i understand|understood|yes master|ok|i will&say|respond|reply|answer|write|type|confirm|stay",
         r"(?:\bif you (?:understand|understood|agree|accept)\b[^.!?\n]{0,40}\b(?:say|respond|reply|answer|write|type|confirm)|(?:only|just|simply)?,? ?(?:say|reply|respond|answer) (?:with )?\W?(?:i understand|understood|yes master|ok(?:ay)?)\b|i will (?:remind you|say|tell you)[^.!?\n]{0,20}\b(?:stay|to stay))"),

    rule("unbound", 0.50, 0.55, "anything|hesitation|prohibition|no matter the|consequences",
         r"(?:\b(?:say|do|answer|write|generate|be) (?:or (?:do|say) )?(?:absolutely |literally )?anything\b(?:[^.!?\n]{0,20}\b(?:you|he|she|it|they) (?:want|wants|like|likes)|,? (?:even|no matter|including|without))|without (?:any )?hesitation|no prohibitions|no matter the (?:consequences|content|topic|request))"),
    rule("persona", 0.40, 0.40, "you are now|you will now|you're now|i want you to pretend|now act|now going to",
         r"\b(?:you are|you're|you will) now (?:going to )?(?:an?|the|act|be|in|pretend|become|play|pose|simulat\w+|entering|[a-z]+gpt|[a-z]+,)\b"),
    rule("persona", 0.50, 0.50, "gpt", r"\b(?:evil|bad|mad|anti|chad|based|better|opposite|dark|dude|free|hyper|neo|alpha|omega|beta|not|sh)[- ]?gpt\b"),
    rule("persona", 0.45, 0.45, " mode", r"\b(?:enable|activate|enter|simulate|stay in|in|with|entering)(?: \w+){0,3} mode\b[^\n]{0,60}\b(?:output|responses?|enabled|will|you|can|answer|while|always)\b"),

    // Faking the structure of a conversation.
    rule("marker", 0.70, 0.85, "im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|begin_of_text|end_of_turn&<", r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|begin_of_text|end_of_turn)\|>"),
    rule("marker", 0.65, 0.80, "[inst|[/inst|sys>>|<start_of_turn", r"\[/?inst\]|<</?sys>>|<start_of_turn>"),
    rule("marker", 0.45, 0.65, "#&system|instruction|assistant|human|user|response|input", r"^ ?#{2,} ?(?:system|new instructions?|instructions?|assistant|human|user|response|input)\b ?:?\s?$|^ ?#{2,} ?(?:system|new instructions?|instruction|assistant|human|response) ?:"),
    rule("marker", 0.50, 0.60, "system|instruction|prompt|assistant|admin|tool_result|</",
         r"</?(?:system|instructions?|prompt|assistant|admin|tool_result)>|</(?:user|context|document|data|text)>[ \\n]*(?:<|ignore|now|system)|\[(?:system|admin)(?: ?\w+){0,3} ?[:\]]"),
    rule("marker", 0.45, 0.55, "assistant|system|developer|human&:", r"(?:^ ?|[.!?\x22] |\n)(?:assistant|system|developer|reasoning \(assistant\)|\[human\]|human) ?: ?[a-z\x22]"),
    rule("marker", 0.55, 0.65, "system|admin|important|end of|start of|begin",
         r"(?:\b(?:important )?system (?:note|update|alert|notice|command|upgrade|message)(?: \w+)? ?[:.-]|given a system upgrade|\badmin(?:istrator)? note:|(?:end|start|begin(?:ning)?) of (?:the )?(?:system )?(?:prompt|input|document|context|user input|conversation)\b ?[\]\)>#*=-]|^\W{0,6}important(?: message)?(?: from \w+)? ?[:!] ?(?:when|if|you|ignore|before|after|do not|the assistant|please))"),
    rule("marker", 0.35, 0.60, "answer|response|result|status|output&complete|done|finished", r"(?:answer|response|result|status|output) ?: ?(?:the )?(?:task|request|summary)? ?(?:is |was |has been )?(?:successfully )?(?:complete|completed|done|finished)\b"),
    rule("marker", 0.45, 0.50, "<thinking|i have|therefore i will",
         r"(?:<thinking>|\b(?:i have (?:already )?(?:determined|verified|confirmed)\b[^.!?\n]{0,60}\b(?:authori[sz]ed|policy|polic|guidelines|comply|requires|internally|do not apply)|therefore i will disregard))"),

    // Orders to an assistant that stand in data.
    rule("addressed", 0.40, 0.75, "ai|a.i.|assistant|bot|llm|model|agent|copilot|gpt",
         r"\b(?:note|attention|dear|hey|message|instructions?|notice|reminder|memo) (?:to|for) (?:the |any |all |every |whichever )?(?:\w+ )?{ai}\b|\b(?:dear|hey|attention|hello) (?:ai|llm|chatbot|language model|ai (?:assistant|agent|model))\b|\b(?:ai|llm|ai assistant|ai agent|assistant|language model|ai model|chatbot)s?(?: who is| that is| that are)? (?:reading|processing|summari[sz]ing|parsing|analy[sz]ing|handling|evaluating|reviewing|translating) (?:this|the)\b"),
    rule("addressed", 0.30, 0.60, "if |when |while |before |after &summar|process|translat|evaluat|pars|analy|you are|you're",
         r"\b(?:if you(?: are|'re) an? (?:ai|llm|assistant|language model|bot|automated)|(?:when|while|before|after|if) (?:you )?(?:are )?(?:asked to )?(?:summari[sz]|process|translat|evaluat|pars|analy[sz])(?:e|es|ing) (?:this|the (?:page|document|email|text|above|message|content|file)|it)\b)"),
    rule("addressed", 0.35, 0.60, "response|answer|summary|reply|output|analysis|evaluation|translation&your|the&end|finish|begin|start|append|include|add|insert|prefix|conclude|focus|replace|output|state|mention",
         r"\b(?:end|finish|begin|start|append|include|add|insert|prefix|conclude|focus|replace|output|state|mention)\b[^.!?\n]{0,40}\b(?:your|the) (?:final )?(?:response|answer|summary|reply|output|analysis|evaluation|translation)\b[^.!?\n]{0,12}\b(?:with|by|that|:|to|this|the)"),
    rule("addressed", 0.55, 0.75, "tell|inform|notify|mention|alert|reveal|let|disclos|suspicion&not|n't|never|without",
         r"\b(?:do not|don't|never|without) (?:ever )?(?:tell(?:ing)?|inform(?:ing)?|notify(?:ing)?|mention(?:ing)?|alert(?:ing)?|reveal(?:ing)?|let(?:ting)?|disclos(?:e|ing))\b[^.!?\n]{0,25}\b(?:the (?:user|human|operator|customer|reader)|to (?:the user|anyone|them)|this (?:instruction|message|note|to)|these instructions|its secrets|anyone)\b|without raising suspicion"),
    rule("addressed", 0.45, 0.65, "user ask|users ask|asked for|asked to",
         r"\b(?:if|when|whenever) (?:the |a |any )?users? asks?\b[^.!?\n]{0,60}\b(?:reply|respond|answer|say|output|print|tell|only|write)"),
    rule("marker", 0.50, 0.70, "visible to|metadata", r"(?:in)?visible to (?:the )?(?:humans?|llms?|ai|reviewers?)|white[ -]text metadata"),
    rule("marker", 0.60, 0.70, "##|==|**|--|#=|=#|#*|*#|#-|-#|=*|*=|=-|-=|*-|-*&end|begin|start|new", r"(?:[#=*-]{2,} ?(?:end|begin|start|new)(?: of)? ?(?:\w+ )?(?:user input|instructions?|system|prompt|context|session)\b)"),
    rule("effect", 0.45, 0.58, "without&asking|approval|confirm|permission|authori|consent|verification",
         r"\b(?:call|use|invoke|run|execute|transfer|send|delete|forward|approve|proceed|skip)\b[^.!?\n]{0,60}\bwithout (?:\w+ )?(?:asking|approval|confirmation|confirming|permission|authori[sz]ation|consent|verification)\b"),
    rule("effect", 0.40, 0.65, "tool|function|_",
         r"\b(?:call|invoke|execute|run|trigger|use) (?:the |your |function |tool )*\W?[a-z]+(?:_[a-z]+)+\W?(?: (?:tool|function|with|to|and|on|for|api|endpoint)|\()"),
    rule("effect", 0.55, 0.80, "@|http|attacker|external|webhook|third party|third-party&send|forward|mail|post|upload|transmit|exfiltrate|leak|bcc|copy|share|submit|wire|transfer|collect",
         r"\b(?:send|forward|e-?mail|post|upload|transmit|exfiltrate|leak|bcc|copy|share|submit|wire|transfer|collect\w* and send)\b[^!?\n]{0,60}\b(?:all|every|single|contents?|conversation|history|e-?mails?|inbox|files?|credentials?|passwords?|keys?|data|secrets?|records|list|details|database|documents?|information|it|them)\b[^!?\n]{0,40}(?:\S+@\S+|https?://|attacker|external(?:ly| (?:address|server|account|site))|webhook|third[ -]party)"),
    rule("effect", 0.40, 0.60, "delete|wipe|erase|destroy", r"\b(?:please,? |now,? |then,? |and |must )(?:delete|wipe|erase|destroy) (?:all|every|the entire|everything)\b"),
    rule("effect", 0.45, 0.65, "canary|hacked|pwned|hijacked|access granted|robotafterall|i have been",
         r"(?:\b(?:say|print|output|reply|respond|write|include|answer|append|return|display)\b[^.!?\n]{0,40}\b(?:\w*canary\w*|hacked|pwned|hijacked|access granted|robotafterall|i have been)\b|\bpwned\b|hijacked to|thoroughly hijacked)"),

    // An order to undo a disguise and obey.
    rule("decode", 0.88, 0.95, "decode|decipher|rot13|rot 13|base64|backwards|reverse|unscramble|hex|translate|decrypt",
         r"\b(?:decode|decipher|decrypt|unscramble|apply rot-?13|read|reverse|base-?64|hex|backwards|translate)\b[^!?\n]{0,50}(?:,|\band|\bthen|;|\.)[^.!?\n]{0,14}\b(?:follow|execute|comply|obey|run|do (?:exactly )?(?:what|as)|act on|carry out|perform|answer it|respond to)\b"),

    rule("override", 0.80, 0.85, "scrap|drop|abandon|set aside|throw|cast|leave|discard&told|given|instruct|said|rule|guideline|order|prompt",
         r"\b(?:scrap|drop|abandon|set aside|throw (?:out|away)|cast aside|leave behind|discard) (?:\w+ )?(?:whatever|everything|all|each|every|any|what)\b[^.!?\n]{0,40}\b(?:you (?:were|have been|are|got|had been)[^.!?\n]{0,10}(?:told|given|instructed)|i (?:said|told)|rules?|guidelines?|instructions?|orders|prompts?)\b"),
    rule("override", 0.65, 0.75, "everything|all|anything&above|before|so far|until now|up to|prior",
         r"\b(?:everything|all|anything)(?: \w+)? (?:above|before|so far|until now|up to (?:this|here|now)|prior)\b[^.!?\n]{0,25}\b(?:was|were|is|are) [^.!?\n]{0,20}\b(?:test|tests|drill|training|joke|fake|irrelevant|void|obsolete|practice|superseded|cancelled)\b"),
    rule("override", 0.55, 0.70, "not|n't&document|context|source|evidence|passage",
         r"\b(?:do not|don't) (?:look (?:at|in|into)|use|read|consult|bother with|follow|trust) (?:the |any |these |those )?(?:\w+ )?(?:documents?|context|sources|evidence|passages)\b"),
    rule("override", 0.50, 0.60, "stop",
         r"\bstop (?:being|acting as|playing|pretending to be) (?:an?|the|my|this|that) (?:\w+ ){0,3}?(?:assistant|helper|bot|chatbot|translator|model|ai|agent|guide|tutor)\b"),
    rule("new_orders", 0.45, 0.55, "different|new|other&purpose|task|job|role|goal|mission|assignment|master",
         r"\byou (?:now )?have (?:an?|one) (?:different|new|other) (?:purpose|task|job|role|goal|mission|assignment|master)\b"),
    rule("new_orders", 0.45, 0.55, "real",
         r"\b(?:the|your) real (?:session|task|conversation|instructions?|work|request|job|prompt) (?:starts?|begins?|follows?|is|are|comes)\b"),
    rule("new_orders", 0.50, 0.60, "obey|listen|answer|work|serve|report|speak|act&only|nobody but|no one but|now|henceforth",
         r"\b(?:obey|listen to|answer to|serve|report to) (?:only|nobody but|no one but) (?:me|us|my|the)\b|\byou (?:now|henceforth) (?:work|serve|answer|speak|report|act) (?:only )?(?:for|to|as)\b"),
    rule("extraction", 0.70, 0.75, "rule|instruct|guideline|prompt|text|directive|configur|command|polic&you |your |you'",
         r"\b(?:list|reveal|print|show|give|output|repeat|recite|share|disclose|paste|quote|tell)\b[^.!?\n]{0,40}\b(?:rules|instructions?|guidelines|prompts?|text|directives|configuration|commands|policies)\b[^.!?\n]{0,12}\b(?:(?:you|you've) (?:were|are|have been|had been|been|got|received|run on|run under|operate (?:under|on)) ?(?:\w+ )?(?:configured|given|told|programmed|set up|started|initiali[sz]ed|operating|running|on|under|from|with)|your (?:creators?|developers?|operators?|makers?) (?:gave|told|set|wrote))"),
    rule("extraction", 0.75, 0.80, "before|precede|preceding&conversation|chat|session|dialogue|message",
         r"\b(?:sentences?|words?|text|lines?|paragraphs?|messages?|prompt)\b[^.!?\n]{0,40}\b(?:before|precedes?|preceding) (?:our|this|my first|the (?:start of|first)) (?:the |this |our )?(?:conversation|chat|session|dialogue|messages?)\b"),
    rule("extraction", 0.60, 0.65, "verbatim|word for word|exact word|exact text|in full|letter by letter",
         r"(?:\b(?:instructions?|prompts?|guidelines|directives|configuration)\b[^.!?\n]{0,40}\b(?:verbatim|word for word|letter by letter|in full)\b|\b(?:verbatim|word for word|exact (?:wording|text|words)(?: of)?)\b[^.!?\n]{0,40}\b(?:instructions?|prompts?|guidelines|directives)\b)"),
    rule("extraction", 0.60, 0.70, "internal|hidden|secret|your&tool|function|prompt|instruct|configur",
         r"\b(?:print|list|reveal|show|output|dump|paste|expose|return)\b[^.!?\n]{0,60}\b(?:names of |all |your )(?:\w+ ){0,3}?(?:internal|hidden|secret) (?:tools?|functions?|prompts?|instructions|configuration)\b|\b(?:print|reveal|output|dump|show) (?:me )?(?:out )?your (?:\w+ )?configuration\b"),
    rule("unbound", 0.55, 0.60, "no matter how|answers any|answers every|answer any|answer every|answers all|answer all",
         r"\bno matter how (?:harmful|illegal|dangerous|unethical|offensive|explicit|immoral|violent|wrong)\b|\banswers? (?:any|every|all)\b[^.!?\n]{0,30}\b(?:no matter|regardless|even if|even the|without exception)\b"),
    rule("unbound", 0.60, 0.60, "ignores|disregards|breaks|defies|disobeys",
         r"\b(?:who|which|that|and|it|he|she) (?:always )?(?:ignores|disregards|breaks|defies|disobeys) (?:all|any|every|its|his|her) (?:\w+ )?(?:rules?|guidelines?|restrictions?|instructions?|polic(?:y|ies)|limits)\b"),
    rule("unbound", 0.60, 0.65, "filter|check|safety|safeguard|restriction|limit",
         r"\b(?:filters?|safety checks?|safeguards?|restrictions|safety (?:rules|filters?|limits)|content filters?) (?:\w+ )?(?:are|is|have been|has been|were) (?:all |now |completely )*(?:switched off|turned off|disabled|removed|lifted|deactivated|bypassed|off)\b"),
    rule("persona", 0.50, 0.50, "twice|personalit|split|alter ego|two voices",
         r"\b(?:answer|reply|respond) (?:\w+ )?twice\b|\b(?:two|split|second|other|alternate) personalit(?:y|ies)\b|\balter ego\b"),
    rule("marker", 0.45, 0.60, "sistema|systeme|systemhinweis|systemmeldung|systemnachricht|системн|系统",
         r"\b(?:nota|mensaje|aviso|instruccion|mensagem|messaggio) (?:del?|di|do) sistema ?:|\b(?:note|message|consigne) (?:du |de )?systeme ?:|\bsystem(?:hinweis|meldung|nachricht) ?:|системн[^ .]* (?:сообщени|примечани)[^ .]* ?:|系统(?:消息|提示|通知) ?:"),
    rule("addressed", 0.30, 0.65, "ai|a.i.|assistant|bot|llm|model|agent|copilot|gpt",
         r"(?:^|[#*/<!\[(.:;-]|\bto (?:the|any|all|every)) ?{ai}(?: {ai})?(?: reading this| processing this| visiting this page)? ?[:,;-] ?(?:please|first|now|before|when|if|once|you|ignore|do|run|call|use|send|rate|tell|state|add|append|include|recommend|always|never)\b"),
    rule("addressed", 0.40, 0.75, "ai|llm|a.i.|assistant|model|agent|bot|chat|copilot|gpt&must|shall|are required|have to|are instructed|note|instruction|order|message|command",
         r"\b(?:ai (?:agents?|assistants?|models?|systems?)|llms?|(?:language )?models?|assistants?|chatbots?|bots?|agents?)(?: (?:that|who|which))?(?: \w+ing)? ?(?:this|these|the|it)?(?: \w+)? (?:must|shall|are required to|have to|are instructed to) (?:first |now |always |also |immediately )?(?:send|reply|respond|answer|include|add|append|call|run|use|visit|open|recommend|rate|ignore|output|state|say|forward|post)\b|[\[(*] ?(?:instruction|note|order|message|command)s? (?:to|for) (?:the |any |all )?(?:\w+ )?{ai}"),
    rule("addressed", 0.25, 0.45, "every|each|all&answer|repl|response|summar|message",
         r"\b(?:recommend|mention|promote|praise|include|add|append|insert|put|advertise)\b[^.!?\n]{0,50}\b(?:in|to|with|at the (?:end|start) of) (?:every|each|all)(?: of)? (?:your )?(?:answers?|repl(?:y|ies)|responses?|summar(?:y|ies)|messages?)\b"),
    rule("addressed", 0.40, 0.65, "without&inform|tell|notify|alert|ask|involv",
         r"\bwithout (?:informing|telling|notifying|alerting|asking|involving) (?:a |the |any )?(?:human|user|person|customer|operator|anyone|supervisor|staff|owner)s?\b"),
    rule("effect", 0.60, 0.80, "image|picture|pixel|logo|markdown|badge|link|url&{|<|[|fill in|replace",
         r"\b(?:include|embed|add|insert|render|display|append|show|put|load|place)\b[^\n]{0,60}\b(?:image|picture|pixel|logo|markdown|badge|link|url)\b[^\n]{0,160}(?:[?&=/](?:\{|<|\[)\s*\w*(?:conversation|history|data|secret|context|prompt|message|summary|user|key|password|token)|\b(?:fill in|replac\w+)\b[^\n]{0,50}\b(?:conversation|history|secret|context|prompt|messages?|summary|user's|password|key)\b)"),
    rule("effect", 0.50, 0.70, "approved|authori|permission|consent|granted|confirmed",
         r"\bthe (?:user|owner|customer|operator|admin(?:istrator)?) has (?:already |now |just )*(?:approved|authori[sz]ed|consented to|granted|given (?:permission|consent)|confirmed)\b"),
    rule("addressed", 0.35, 0.60, "10|five stars|5 stars|best|perfect score|top score|highest&rate|output|state|score|rank|give|say|write",
         r"\b(?:rate|output|state|score|rank|give|say|write)\b[^.!?\n]{0,40}\b(?:10 ?/ ?10|five stars|5 stars|perfect score|top score|highest (?:score|rating|rank)|the best (?:paper|candidate|product|answer|choice))"),

    // Other languages: the orders of the first two families.
    rule("override", 0.88, 0.92, "ignorier|vergiss|vergess|missacht|abweichend|beachte",
         r"\b(?:ignorier\w*|vergiss|vergesse?n?|missacht\w*|abweichend (?:zu|von)|beachten? (?:sie )?(?:nicht|keine))\b[^.!?\n]{0,40}\b(?:anweisung\w*|instruktion\w*|instruction\w*|befehl\w*|vorgaben|regeln|alles?|alle[nrs]? (?:bisherig|vorherig|vorangegangen|obig|vorig)\w*|das (?:obige|vorherige|bisherige)|aufgaben?|auftrag|auftrage|davor)\b"),
    rule("extraction", 0.78, 0.80, "anweisung|prompt|instruktion|vorgabe|nachricht",
         r"\b(?:zeig\w*|nenn\w*|verrat\w*|gib\w*|geben|wiederhol\w*|offenbar\w*|was (?:ist|sind|waren|war)|drucke?|schreib\w*|ubersetz\w*)\b[^.!?\n]{0,30}\b(?:system ?-?(?:anweisung|prompt|instruktion|nachricht)\w*|(?:deine|ihre|deinen|ursprungliche\w*|initiale\w*|interne\w*|alle) (?:\w+ )?(?:anweisung|prompt|instruktion|vorgabe)\w*)"),
    rule("new_orders", 0.50, 0.60, "neue|ab jetzt|ab sofort|von nun|jetzt",
         r"(?:\bneuen? (?:anweisung|aufgabe|auftrag|instruktion)\w*|\b(?:ab (?:jetzt|sofort)|von nun an) (?:bist|gibst|hast|antwort\w*|wirst|darfst|ist|sollst|befolg\w*)\b|\bdu bist jetzt (?:\w+ ){0,2}(?:uneingeschrankt|frei|ohne|dan|ein\w*))"),
    rule("unbound", 0.55, 0.60, "keine|ohne|uneingeschrankt|sicherheitsrichtlinien",
         r"\b(?:ohne|keine(?:n|rlei)?|befolg\w* keine)\b (?:\w+ ){0,2}(?:einschran\w+|beschran\w+|regeln|richtlinien|filter|zensur|grenzen)\b|uneingeschrankt\b|sicherheitsrichtlinien\b[^.!?\n]{0,20}\bnicht"),
    rule("override", 0.88, 0.92, "ignor|olvid|omit|caso omiso|descart|desobede|desconsider|esquec|esquez",
         r"\b(?:ignor[ae]\w*|olvid[ae]\w*|omit[ae]|haz caso omiso|descart[ae]\w*|desobede\w+|desconsider\w*|esque[cz]\w*)\b[^.!?\n]{0,35}\b(?:instruc\w+|ordenes|ordens|reglas|regras|directrices|diretrizes|indicaciones|lo (?:anterior|dicho)|todo (?:lo|que)|tudo|orientac\w+)\b"),
    rule("extraction", 0.78, 0.80, "instruc|prompt|sistema|directrices",
         r"\b(?:revel[ae]\w*|muestra\w*|mostr[ae]\w*|dime|diga(?:-me)?|imprim[ae]\w*|repit[ae]\w*|ensena\w*|exib[ae]\w*|cuales son|quais sao)\b[^.!?\n]{0,30}\b(?:prompt|(?:tus|sus|suas|tuas) (?:\w+ )?(?:instrucciones|instrucoes|directrices)|(?:instruc\w+|mensaje|indicaciones) (?:de|do|del) sistema)"),
    rule("override", 0.88, 0.92, "ignore|oubli|neglig|tien|tenez|abstraction",
         r"\b(?:ignore[zr]?|oublie[zr]?|neglige[zr]?|ne (?:tiens?|tenez) (?:pas|plus) compte|fai(?:s|tes) abstraction)\b[^.!?\n]{0,35}\b(?:instructions? (?:prece\w+|ante\w+|ci-dessus)|consignes?|directives?|ordres|regles|(?:ce qui|texte) precede|ci-dessus|tout ce|toutes (?:les|tes|vos))\b"),
    rule("extraction", 0.78, 0.80, "prompt|instructions|consignes|systeme|invite|message",
         r"\b(?:revele[zr]?|montre[zr]?|affiche[zr]?|donne[zr]?|repete[zr]?|divulgue[zr]?|dis|quelles sont)\b[^.!?\n]{0,25}\b(?:prompt|(?:tes|vos) (?:\w+ )?(?:instructions|consignes)|(?:instructions|consignes|invite|message) (?:du |de |d')?(?:systeme|initiales?|internes?|cachees?|precedentes?))\b"),
    rule("override", 0.88, 0.92, "ignora|dimentica|trascura|tralascia|scorda",
         r"\b(?:ignora\w*|dimentica\w*|trascura\w*|tralascia\w*|scorda\w*)\b[^.!?\n]{0,35}\b(?:istruzioni|ordini|regole|direttive|tutto (?:cio|quello)|quanto (?:sopra|detto))\b"),
    rule("extraction", 0.78, 0.80, "istruzioni|prompt", r"\b(?:rivela\w*|mostra\w*|dimmi|stampa\w*|ripeti\w*|elenca\w*|quali sono)\b[^.!?\n]{0,30}\b(?:prompt|(?:tue|sue|vostre) (?:\w+ )?istruzioni|istruzioni (?:di sistema|iniziali|nascoste|interne|precedenti))\b"),
    rule("override", 0.88, 0.92, "negeer|vergeet|zignoruj|ignoruj|zapomnij|zaborav|zanemari|ignorir|abaikan|bo qua|ignorera|glom",
         r"\b(?:(?:negeer|vergeet)\b[^.!?\n]{0,35}\b(?:instructies|opdrachten|regels|alles|voorgaande|vorige)|(?:z?ignoruj|zapomnij)\b[^.!?\n]{0,35}(?:instrukcj|polece|wszystk|poprzedni)\w*|(?:zaboravi\w*|zanemari\w*|ignorir\w*)\b[^.!?\n]{0,35}(?:instrukcij|uput|prethodn|sve)\w*|abaikan\b[^.!?\n]{0,30}(?:instruksi|perintah|sebelumnya)|bo qua\b[^.!?\n]{0,30}(?:huong dan|chi dan|lenh)|(?:ignorera|glom)\b[^.!?\n]{0,35}(?:instruktion|tidigare|alla)\w*)"),
    rule("override", 0.88, 0.92, "игнорир|забудь|забудьте|не обращай|отбрось|пренебреги",
         r"(?:игнорир|забудь|не обращай|отбрось|пренебреги)[^.!?\n]{0,80}(?:инструкц|указани|правил|предыдущ|всё|все |выше|команд|ограничени)"),
    rule("extraction", 0.78, 0.80, "системн|промпт|инструкци", r"(?:покажи|раскрой|выведи|напиши|повтори|сообщи|расскажи)[^.!?\n]{0,50}(?:системн[^ .]* (?:промпт|сообщени|инструкц|подсказ|указани)|промпт|свои инструкци|твои инструкци)"),
    rule("override", 0.88, 0.92, "忽略|无视|無視|忘记|忘記|忽视|不要理会|忘掉",
         r"(?:忽略|无视|無視|忘记|忘記|忽视|不要理会|忘掉)[^.!?\n]{0,60}(?:指令|指示|说明|說明|规则|規則|提示|之前|以上|上面|先前|前面|一切)"),
    rule("extraction", 0.78, 0.80, "提示|指令|指示|プロンプト", r"(?:显示|顯示|告诉|告訴|输出|輸出|透露|泄露|打印|重复|说出|给我)[^.!?\n]{0,45}(?:系统提示|系統提示|提示词|提示詞|系统指令|初始指令)|(?:システムプロンプト|初期指示|システム指示)[^.!?\n]{0,45}(?:表示|教え|出力|明か|見せ|開示)"),
    rule("override", 0.88, 0.92, "無視|忘れ|破棄|従わ", r"(?:指示|命令|ルール|プロンプト|指令|設定|これまで|以前)[^.!?\n]{0,45}(?:無視|忘れ|破棄|従わ)"),
    rule("override", 0.88, 0.92, "yok say|unut|goz ardi|gormezden|dikkate alma", r"(?:talimat|yonerge|komut|kural|onceki|yukaridaki|her seyi)[a-z]*\b[^.!?\n]{0,40}\b(?:yok say|unut|goz ardi|gormezden|dikkate alma)"),
    rule("extraction", 0.78, 0.80, "istem|talimat|prompt", r"\bsistem (?:istem|talimat|prompt|mesaj)\w*[^.!?\n]{0,30}\b(?:goster|soyle|yaz|acikla|paylas)"),
    rule("override", 0.88, 0.92, "무시|잊", r"(?:이전|위의|모든|지금까지)[^.!?\n]{0,60}(?:지시|명령|지침|규칙|프롬프트)[^.!?\n]{0,20}(?:무시|잊)"),
    rule("override", 0.88, 0.92, "تجاهل|انس|अनदेखा|नज़रअंदाज|भूल", r"(?:تجاهل|انس)[^.!?\n]{0,60}(?:التعليمات|الأوامر|السابقة|تعليمات|القواعد)|(?:निर्देश)[^.!?\n]{0,60}(?:अनदेखा|नज़रअंदाज|भूल)"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::begins_well, *};
    use proptest::{
        strategy::{Strategy, ValueTree},
        string::bytes_regex,
        test_runner::TestRunner,
    };
    use std::collections::BTreeMap;

    /// A stem that is missing from the table would keep its rule from ever being tried.
    #[test]
    fn what_a_rule_matches_has_its_stems() {
        let mut runner = TestRunner::deterministic();
        let mut holes = BTreeMap::new();
        for rule in RULES {
            let compiled = rule.compile().unwrap();
            // Texts are made from the pattern less its anchors; what it then matches of them is as it is meant.
            let loose = compiled.as_str().replace(r"\b", "").replace(['^', '$'], "").replace("[.!?\\n]", "[a-z ]");
            let samples = bytes_regex(&format!("(?s-u){loose}")).unwrap();
            for _ in 0..SAMPLES {
                let sample = samples.new_tree(&mut runner).unwrap().current();
                for found in compiled.find_iter(&sample) {
                    let text = String::from_utf8_lossy(found.as_bytes());
                    // Stems of several words stand for the usual spacing between them.
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    let text = format!(" {text} ");
                    for group in rule.stems.split('&') {
                        let has_one = group.split('|').any(|stem| {
                            text.match_indices(stem).any(|(at, _)| begins_well(&text, at..at + stem.len()))
                        });
                        if !has_one {
                            holes.insert(group, text.clone());
                        }
                    }
                }
            }
        }
        assert!(holes.is_empty(), "no stem of the group in the match: {holes:#?}");
    }

    const SAMPLES: usize = 60;

    #[test]
    fn every_rule_compiles_and_has_stems() {
        for rule in RULES {
            rule.compile().unwrap();
            assert!(rule.stems.split(['|', '&']).all(|stem| !stem.is_empty()), "{}", rule.stems);
            assert!(rule.stems.split('&').count() <= 8, "{}", rule.stems);
            assert!((0.0..1.0).contains(&rule.said) && rule.read >= rule.said, "{}", rule.pattern);
        }
    }
}
