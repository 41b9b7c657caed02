//! Pages: bytes to scenarios, an inventory and findings.

use std::collections::HashSet;

use crate::contract::extracted::Extracted;
use crate::extract;
use crate::extract::{Extraction, PageDefaults, contract, lint};
use crate::judge;
use crate::scenario::format::Script;
use crate::scenario::parse;

use super::diagnostic;

const FILE: &str = "pages/v1.0/page.md";
const SCHEMA: &str = "../scenario.schema.json";

/// Extraction gives the same again. It fails on what is no UTF-8 alone, or looks like UTF-16. Rows and findings have
/// lines of the page, in order. What a scenario is written as reads back equal, no two have one
/// id, and each is in the inventory. The same holds for the contract. Lint gives the same again, each remark with a line of
/// the page, and a page has no damage against itself but for that which it shows alone.
///
/// # Panics
///
/// Where one of those does not hold.
pub fn holds(bytes: &[u8]) {
    let extracted = extract::page(FILE, bytes, &PageDefaults::default());
    assert!(
        extracted == extract::page(FILE, bytes, &PageDefaults::default()),
        "not deterministic"
    );
    match extracted {
        Ok(extraction) => {
            extraction_holds(&extraction, bytes);
            contract_holds(bytes);
            lint_holds(bytes);
        }
        Err(wrong) => {
            let has_zero = bytes.iter().take(4).any(|byte| *byte == 0);
            assert!(has_zero || std::str::from_utf8(bytes).is_err(), "{wrong}");
            diagnostic::is_sound(&wrong, FILE, bytes);
        }
    }
}

fn extraction_holds(extraction: &Extraction, bytes: &[u8]) {
    let ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = 1 + ends.count();
    assert!(extraction.inventory.is_sorted_by_key(|row| row.line));
    assert!(extraction.findings.is_sorted_by_key(|it| it.line));
    let rows = extraction.inventory.iter();
    assert!(rows.clone().all(|row| (1..=lines).contains(&row.line)));
    assert!(extraction.findings.iter().all(|it| it.line <= lines));

    let mut ids = HashSet::new();
    for scenario in &extraction.scenarios {
        let id = scenario.id.as_str();
        assert!(ids.insert(id.to_lowercase()), "{id} comes twice");
        let mut steps = scenario.script.steps.iter();
        assert!(steps.all(|step| (1..=lines).contains(&step.line())));
        let text = extract::to_json(&scenario.script, SCHEMA);
        let mut written = Script::clone(&scenario.script);
        written.schema = Some(SCHEMA.to_owned());
        match parse::read("written.json", text.as_bytes()) {
            Ok(read) => assert_eq!(read, written, "{id}"),
            Err(wrong) => panic!("{id} cannot be read again: {}", wrong[0]),
        }
    }
    let served: HashSet<_> = rows
        .flat_map(|row| &row.scenarios)
        .map(|id| id.to_lowercase())
        .collect();
    assert_eq!(served, ids, "the inventory names other scenarios");
    judge::cases(&extraction.scenarios, &extraction.scenarios);
}

fn contract_holds(bytes: &[u8]) {
    let facts = contract::read(FILE, FILE, bytes, &PageDefaults::default());
    let (extracted, findings) =
        contract::merge(facts.expect("the page is UTF-8").into_iter().collect());
    let ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = 1 + ends.count();
    assert!(findings.iter().all(|it| (1..=lines).contains(&it.line)));
    let of_operations = extracted.operations.iter().flat_map(|it| &it.parameters);
    let of_types = extracted.types.iter().flat_map(|it| &it.properties);
    for property in of_operations.chain(of_types) {
        let printed = property.lines.iter().flatten();
        assert!(printed.clone().all(|line| (1..=lines).contains(line)));
        assert_eq!(property.lines.len(), 1);
    }
    let text = contract::to_json(&extracted, None);
    let read: Extracted = serde_json::from_str(&text).expect("a contract reads back");
    assert_eq!(read, extracted);
}

fn lint_holds(bytes: &[u8]) {
    let read = |file| lint::read(file, bytes, &PageDefaults::default()).expect("UTF-8");
    let alone = lint::finish(vec![read(FILE)]);
    assert!(alone == lint::finish(vec![read(FILE)]), "not deterministic");
    let ends = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r'));
    let lines = 1 + ends.count();
    let others = alone.iter().filter_map(|it| it.other.as_ref());
    let mut places = alone.iter().map(|it| &it.place).chain(others);
    assert!(places.all(|it| (1..=lines).contains(&it.line)));
    let twice = lint::finish(vec![read(FILE), read("copy/v1.0/page.md")]);
    let of_first = twice.iter().filter(|it| it.place.page == FILE);
    assert!(of_first.count() == alone.len(), "a page damages its copy");
}
