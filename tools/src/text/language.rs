//! Which language a text is in, by the letters and the little words that it uses.
//!
//! A script of its own settles it. Among languages in Latin letters, every text of some length is full of articles,
//! prepositions and pronouns, and those give it away. Reference: G. Grefenstette, "Comparing two language identification
//! schemes", JADT 1995 (the small-words method).

/// A guess.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Guess {
    /// ISO 639-1 code.
    pub(super) code: &'static str,
    /// How far ahead of the next best guess it is, from 0 to 1.
    pub(super) certainty: f64,
}

/// The little words of each language.
const LITTLE: [(&str, &str); 8] = [
    (
        "en",
        " a about after all also an and any are as at be because been before being between both but by can could did do does each few for from further had has have having he her here his how i if in into is it its itself just may me might more most must my no nor not now of off on once one only or other our out over own same shall she should so some such than that the their them then there these they this those through to too under until up upon very was we were what when where which while who whom why will with would you your ",
    ),
    (
        "de",
        " aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dem den der des die dies diese dieser dieses doch dort du durch ein eine einem einen einer eines er es etwas für gegen habe haben hat hatte hier ich ihm ihn ihr ihre im in ist ja jede jeder kann kein keine man mehr mit muss nach nicht noch nur ob oder ohne sehr sein seine sich sie sind so über um und uns unter vom von vor war waren was weil wenn wer werden wie wir wird wo zu zum zur zwischen ",
    ),
    (
        "fr",
        " à ai au aussi autre aux avec avoir c ce ces cet cette comme d dans de des donc du elle elles en entre est et être eu fait il ils j je l la le les leur leurs lui mais me même mes moi mon n ne nos notre nous on ont ou où par pas plus pour qu que quel qui s sa sans se ses si son sont sous sur ta te tes toi ton tous tout très tu un une vos votre vous y ",
    ),
    (
        "es",
        " a al algo antes como con contra cual cuando de del desde donde dos el ella ellas ellos en entre era es esa ese eso esta está están este esto estos fue ha han hasta hay la las le les lo los más me mi mientras muy nada ni no nos o otra otro para pero poco por porque que qué quien se ser si sí sin sobre son su sus también te tiene todo todos tu un una uno unos y ya yo ",
    ),
    (
        "it",
        " a ad agli ai al alla alle anche che chi ci come con contro cui da dagli dai dal dalla dalle degli dei del della delle dello di dove e è ed era essere fra gli ha hanno i il in io la le lei li lo loro lui ma mi mia mio ne nei nel nella nelle noi non nostro o ogni per perché più quale quando quello questa questo qui se sei si sono sta stato su sua sue sul sulla suo tra tu tutti tutto un una uno vi voi ",
    ),
    (
        "pt",
        " a ao aos as até com como da das de dela dele deles depois do dos e é ela elas ele eles em entre era essa esse esta está este eu foi foram há isso isto já lhe mais mas me mesmo meu minha muito na não nas nem no nos nós o os ou para pela pelas pelo pelos por qual quando que quem são se sem ser seu seus só sua suas também tem têm um uma você ",
    ),
    (
        "nl",
        " aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen had heb hebben heeft hem het hier hij hoe hun iets ik in is ja je kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat onder ons ook op over reeds te tegen toch toen tot u uit uw van veel voor want waren was wat werd wezen wie wil worden wordt ze zich zij zijn zo zonder zou ",
    ),
    (
        "sv",
        " alla allt att av blev bli blir de dem den denna deras dess det detta dig din du där då efter ej eller en er ett från för ha hade han hans har hela henne hennes hon honom hur här i icke ingen inom inte jag ju kan kunde man med mellan men mig min mot mycket ni nu när någon något några och om oss på samma sedan sig sin sitt själv skulle som så till under upp ut utan vad var vara varför vi vid vilka vilken våra än är åt över ",
    ),
];

/// The little words of a language, with spaces around each; those of English when it has no list.
pub(super) fn little_words(code: &str) -> &'static str {
    LITTLE.iter().find(|(other, _)| *other == code).map_or(LITTLE[0].1, |(_, words)| words)
}

/// Guesses the language; none for a text without letters or without a known word.
pub(super) fn guess(text: &str) -> Option<Guess> {
    by_script(text).or_else(|| by_little_words(text))
}

/// Whether a letter belongs to a script.
type Letters = fn(char) -> bool;

fn by_script(text: &str) -> Option<Guess> {
    let scripts: [(&'static str, Letters); 9] = [
        ("ja", |c| matches!(c, '\u{3040}'..='\u{30ff}')),
        ("ko", |c| matches!(c, '\u{ac00}'..='\u{d7a3}')),
        ("zh", |c| matches!(c, '\u{4e00}'..='\u{9fff}')),
        ("ru", |c| matches!(c, '\u{400}'..='\u{4ff}')),
        ("el", |c| matches!(c, '\u{370}'..='\u{3ff}')),
        ("ar", |c| matches!(c, '\u{600}'..='\u{6ff}')),
        ("he", |c| matches!(c, '\u{590}'..='\u{5ff}')),
        ("hi", |c| matches!(c, '\u{900}'..='\u{97f}')),
        ("th", |c| matches!(c, '\u{e00}'..='\u{e7f}')),
    ];
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let count = |belongs: Letters| text.chars().filter(|c| belongs(*c)).count();
    // Japanese mixes its own letters with Chinese ones, so a tenth of them is enough.
    let enough = |code: &str| if code == "ja" { letters / 10 } else { letters / 2 };
    scripts.into_iter().map(|(code, belongs)| (code, count(belongs))).find(|(code, n)| *n > enough(code)).map(
        |(code, n)| {
            let ukrainian = code == "ru" && text.contains(['і', 'ї', 'є', 'ґ']);
            Guess { code: if ukrainian { "uk" } else { code }, certainty: (n as f64 / letters as f64).min(1.0) }
        },
    )
}

fn by_little_words(text: &str) -> Option<Guess> {
    let mut hits = [0_usize; LITTLE.len()];
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).take(5000) {
        let word = format!(" {} ", word.to_lowercase());
        hits.iter_mut().zip(LITTLE).for_each(|(hits, (_, words))| *hits += usize::from(words.contains(&word)));
    }
    let mut order: Vec<usize> = (0..hits.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(hits[i]));
    let (first, second) = (hits[order[0]] as f64, hits[order[1]] as f64);
    (first > 0.0).then(|| Guess { code: LITTLE[order[0]].0, certainty: (first - second) / first })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_languages_apart() {
        for (text, code) in [
            ("The cat sat on the mat and looked at the moon.", "en"),
            ("Die Katze saß auf der Matte und sah den Mond.", "de"),
            ("Le chat est sur le tapis et il regarde la lune.", "fr"),
            ("El gato está en la alfombra y mira la luna.", "es"),
            ("Il gatto è sul tappeto e guarda la luna con gli occhi.", "it"),
            ("O gato está no tapete e não olha para a lua.", "pt"),
            ("De kat zit op de mat en kijkt naar de maan.", "nl"),
            ("Katten är på mattan och ser inte månen.", "sv"),
            ("Кошка сидит на ковре", "ru"),
            ("Кіт сидить на килимі", "uk"),
            ("猫が座っている", "ja"),
            ("猫坐在垫子上", "zh"),
        ] {
            assert_eq!(guess(text).map(|guess| guess.code), Some(code), "{text}");
        }
        assert_eq!(guess("12 + 3"), None);
    }
}
