//! Errors with what caused them.

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        // Some libraries repeat the cause in their own words.
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn causes_are_told_once() {
        let inner = io::Error::other("disk on fire");
        let outer = crate::edge::picture::PictureError::Write { path: "a.svg".into(), cause: inner };
        assert_eq!(chain(&outer), "cannot write `a.svg`: disk on fire");
    }
}
