//! Placeholders that pages print in the place of values, and the names made of them.

/// Whether a text is nothing but a placeholder: `{id}`, `<TOKEN>`, `region-value`.
pub(super) fn is_placeholder(text: &str) -> bool {
    let inside = |open, close| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(is_words)
    };
    let is_value = text.strip_suffix("-value").is_some_and(|word| {
        !word.is_empty()
            && word
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"@._".contains(&b))
    });
    is_value || inside('{', '}') || inside('<', '>')
}

fn is_words(text: &str) -> bool {
    !text.trim().is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '|' | '.'))
}

/// The name of a variable, made of a property's or a placeholder's: `languageId` to
/// `language-id`. `text` where nothing remains.
pub(super) fn kebab(word: &str) -> String {
    let mut name = String::with_capacity(word.len() + 4);
    let mut follows_lower = false;
    for c in word.chars() {
        if c.is_ascii_alphanumeric() {
            if c.is_ascii_uppercase() && follows_lower && !name.is_empty() {
                name.push('-');
            }
            if !name.is_empty() || c.is_ascii_alphabetic() {
                name.push(c.to_ascii_lowercase());
            }
            follows_lower = !c.is_ascii_uppercase();
        } else {
            if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
            follows_lower = false;
        }
    }
    name.truncate(name.trim_end_matches('-').len());
    if name.is_empty() {
        name.push_str("text");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::template;

    #[test]
    fn placeholders_are_whole_texts() {
        for text in [
            "{id}",
            "{id | userPrincipalName}",
            "id-value",
            "<TOKEN>",
            "<Media Blob>",
            "@odata.id-value",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "",
            "{}",
            "{ }",
            "<html><p>",
            "<br/>",
            "a {id}",
            "-value",
            "a value",
            "no such-value",
            "57dab8b1",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn names_are_kebab_case() {
        for (word, name) in [
            ("languageId", "language-id"),
            ("@odata.type", "odata-type"),
            ("request-id", "request-id"),
            ("idOrUserPrincipalName", "id-or-user-principal-name"),
            ("3rd", "rd"),
            ("7Days", "days"),
            ("URL", "url"),
            ("идентификатор", "text"),
            ("", "text"),
        ] {
            assert_eq!(kebab(word), name);
            assert!(template::is_name(name));
        }
    }
}
