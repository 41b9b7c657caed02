//! Generated ids: each run gives each variable a value of its own, in the spelling of the page.

use std::collections::HashMap;

use uuid::Uuid;

use crate::api::identifier;
use crate::scenario::format::{Kind, Script, Variable};

/// A generated value for each variable that identifies something, and the first word of a list; the
/// others keep the printed value. A client context that is longer than an id keeps its length: it is
/// there to try the limit.
pub(super) fn values(script: &Script) -> HashMap<String, String> {
    script
        .variables
        .iter()
        .filter_map(|(name, variable)| Some((name.clone(), value(variable)?)))
        .collect()
}

fn value(variable: &Variable) -> Option<String> {
    if let Some(word) = variable.words.first() {
        return Some(word.clone());
    }
    is_generated(variable.kind).then(|| {
        let printed = variable.printed();
        let mut value = like(printed);
        if variable.kind == Kind::Context {
            value.extend(printed.chars().skip(value.len()));
        }
        value
    })
}

/// Tenants, phones, threads and free texts stay as printed: the thing that they name exists, or does
/// not matter.
const fn is_generated(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Call
            | Kind::Operation
            | Kind::Participant
            | Kind::Session
            | Kind::AudioRoutingGroup
            | Kind::Identifier
            | Kind::User
            | Kind::Application
            | Kind::Identity
            | Kind::Context
    )
}

/// A GUID in the spelling of a printed one: with hyphens, or without them in its case.
fn like(printed: &str) -> String {
    let id = Uuid::new_v4();
    let plain = identifier::is_guid(printed) && !printed.contains('-');
    let is_upper = printed.bytes().any(|b| b.is_ascii_uppercase());
    let mut text = if plain {
        id.simple().to_string()
    } else {
        id.hyphenated().to_string()
    };
    if is_upper && identifier::is_guid(printed) {
        text.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_context_keeps_its_length() {
        let long = "x".repeat(257);
        let script: Script = serde_json::from_value(serde_json::json!({
            "version": 1, "source": "p.md", "steps": [],
            "variables": {
                "long": {"kind": "context", "value": long},
                "short": {"kind": "context", "value": "x"},
            },
        }))
        .expect("a script");
        let (first, second) = (values(&script), values(&script));
        assert_eq!(first["long"].chars().count(), 257);
        assert_ne!(first["long"], second["long"]);
        assert_eq!(first["short"].len(), 36);
    }

    #[test]
    fn a_generated_id_is_spelled_as_printed() {
        let plain = like("57DAB8B1894C409AB240BD8BEAE78896");
        assert_eq!(plain.len(), 32);
        assert_eq!(plain, plain.to_ascii_uppercase());
        assert_eq!(like("{id}").len(), 36);
        assert_ne!(like("{id}"), like("{id}"));
        let lower = like("57dab8b1-894c-409a-b240-bd8beae78896");
        assert_eq!(lower, lower.to_ascii_lowercase());
    }
}
