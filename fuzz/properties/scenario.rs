//! Scenario files, as people write them.

use crate::diagnostic::Diagnostic;
use crate::report::conversation;
use crate::scenario::format::{Scenario, ScenarioId};
use crate::scenario::parse;
use crate::{extract, judge};

use super::diagnostic;

const FILE: &str = "mine/first.json";
const SCHEMA: &str = "../scenario.schema.json";

/// The reader gives the same again. What it takes is written as what reads back equal, and is
/// written the same again; a byte order mark changes nothing. What it refuses it refuses with
/// places of the file and with remedies.
///
/// # Panics
///
/// Where one of those does not hold.
pub fn holds(bytes: &[u8]) {
    let read = parse::read(FILE, bytes);
    assert!(read == parse::read(FILE, bytes), "not deterministic");
    match read {
        Ok(mut script) => {
            assert!(parse::is_one(bytes));
            let marked = [b"\xef\xbb\xbf", bytes].concat();
            let is_marked = bytes.starts_with(b"\xef\xbb\xbf");
            assert!(is_marked || parse::read(FILE, &marked).as_ref() == Ok(&script));
            let text = extract::to_json(&script, SCHEMA);
            script.schema = Some(SCHEMA.to_owned());
            let again = parse::read(FILE, text.as_bytes());
            assert_eq!(again.as_ref(), Ok(&script));
            assert_eq!(extract::to_json(&script, SCHEMA), text);
            let scenario = Scenario {
                id: ScenarioId::new("mine/first"),
                script: script.into(),
            };
            conversation::show(&scenario);
            let scenarios = [scenario];
            judge::cases(&scenarios, &scenarios);
        }
        Err(wrong) => diagnostics_hold(&wrong, bytes),
    }
}

fn diagnostics_hold(wrong: &[Diagnostic], bytes: &[u8]) {
    assert!((1..=21).contains(&wrong.len()), "{}", wrong.len());
    for wrong in wrong {
        diagnostic::is_sound(wrong, FILE, bytes);
        // That a byte is no UTF-8, and how many more problems there are, have remedies too.
        assert!(wrong.remedy.is_some(), "no remedy: {wrong}");
    }
}
