//! Extraction over whole pages.
//!
//! `tests/fixtures/pages/` holds one folder a case: a page of our own, and what extraction must
//! make of it. With `CONFCALL_BLESS=1` the expectations are rewritten: read the difference.
//!
//! Where `CONFCALL_PAGES` names the folder of the published pages, the scenarios of the five pages of
//! *participant: invite* are compared with them. `tests/cli/extract.rs` extracts all of them again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{is_blessing, name_below, published_pages};
use crate::api::template;
use crate::extract;
use crate::extract::{Extraction, PageDefaults};
use crate::scenario::format::{Scenario, Script, Step, Translation};
use crate::scenario::{parse, store};
use serde_json::{Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Extracts a file, labelled by its path below the folder.
fn extract_below(folder: &Path, path: &Path) -> Extraction {
    extract::page(
        &name_below(folder, path),
        &fs::read(path).unwrap(),
        &PageDefaults::default(),
    )
    .unwrap()
}

/// Extracts files and joins their translations.
fn extract_all(folder: &Path, paths: &[PathBuf]) -> Extraction {
    let pages = paths.iter().map(|path| extract_below(folder, path));
    let (whole, clashes) = extract::join(pages.collect());
    assert_eq!(clashes, []);
    whole
}

fn scenario_text(scenario: &Scenario) -> String {
    let up = "../".repeat(scenario.id.as_str().matches('/').count() + 1);
    extract::to_json(
        &scenario.script,
        &format!("{up}schemas/scenario.schema.json"),
    )
}

#[test]
fn every_case_gives_what_is_expected() {
    let folder = Path::new(ROOT).join("tests/fixtures/pages");
    let pages: Vec<_> = files(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    assert!(pages.len() > 20, "the table of cases is gone");
    let mut wrong = Vec::new();
    for path in pages {
        let extraction = extract_below(&folder, &path);
        extraction.scenarios.iter().for_each(assert_sound);
        let text = fs::read_to_string(&path).unwrap();
        for scenario in &extraction.scenarios {
            assert_round_trip(scenario, &text);
        }
        let actual = serde_json::to_string_pretty(&summary(&extraction)).unwrap() + "\n";
        let expected = path.with_extension("json");
        if is_blessing() {
            fs::write(&expected, &actual).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != actual {
            wrong.push(format!("{}:\n{actual}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a case expects: the inventory and the findings to the letter, the scenarios in full.
fn summary(extraction: &Extraction) -> Value {
    let short = |finding: &extract::Finding| {
        format!(
            "{}: {}: {}",
            finding.line,
            finding.kind.as_str(),
            finding.message
        )
    };
    let rows = extraction.inventory.iter().map(|row| {
        let mut row = serde_json::to_value(row).unwrap();
        row.as_object_mut().unwrap().shift_remove("file");
        Value::String(row.to_string())
    });
    let scripts = extraction.scenarios.iter().map(|scenario| {
        let mut script = serde_json::to_value(&*scenario.script).unwrap();
        script.as_object_mut().unwrap().shift_remove("version");
        (scenario.id.as_str().to_owned(), script)
    });
    json!({
        "inventory": rows.collect::<Vec<_>>(),
        "findings": extraction.findings.iter().map(short).collect::<Vec<_>>(),
        "scenarios": scripts.collect::<serde_json::Map<_, _>>(),
    })
}

#[test]
fn a_page_in_latin_1_is_refused_with_its_place() {
    let refusal =
        extract::page("a.md", b"# a\n\nvoil\xe0\n", &PageDefaults::default()).unwrap_err();
    assert_eq!((refusal.line, refusal.column), (3, 5));
    let text = refusal.to_string();
    assert!(
        text.contains("Latin-1") && text.contains("iconv -f LATIN1"),
        "{text}"
    );
}

#[test]
fn no_bytes_make_extraction_panic() {
    let folder = Path::new(ROOT).join("tests/fixtures/pages");
    let seeds: Vec<_> = files(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .map(|path| fs::read(path).unwrap())
        .collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..2_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        bytes.push(b'\n');
        for _ in 0..=random(6) {
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = b"{}[]\"`<>-#\n\\,:/\r \xc3\xff"[random(18)],
                1 => drop(bytes.drain(at..(at + random(40)).min(bytes.len()))),
                2 => {
                    let end = (at + random(80)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = random(bytes.len());
                    bytes.splice(to..to, copy);
                }
                _ => bytes.truncate(at.max(1)),
            }
            bytes.push(b'\n');
        }
        if let Ok(extraction) = extract::page("a.md", &bytes, &PageDefaults::default()) {
            extraction.scenarios.iter().for_each(assert_sound);
        }
    }
}

/// Filled in with the printed values, each message that ships is what its page prints: start line,
/// header fields and body, read here by another reader than extraction's.
#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn shipped_scenarios_fill_in_to_what_is_printed() {
    let pages = &published_pages();
    let scenarios = shipped();
    let conversations: usize = scenarios.iter().map(|it| it.script.locales.len()).sum();
    assert_eq!((scenarios.len(), conversations), (15, 19));
    let mut repaired = BTreeSet::new();
    for scenario in &scenarios {
        assert_sound(scenario);
        let script = &scenario.script;
        for translation in &script.locales {
            let page = fs::read_to_string(pages.join(&translation.file)).unwrap();
            for (step, line) in script.steps.iter().zip(&translation.lines) {
                let place = format!("{}:{line}", translation.file);
                let printed = Printed::read(&page, &step_at(step, *line));
                repaired.extend(assert_is_printed(step, script, &printed, &place));
            }
        }
    }
    // The one body that is invalid JSON in the page: what extraction makes of it stands in the file.
    assert_eq!(
        repaired.into_iter().collect::<Vec<_>>(),
        ["zh-CN/2019-09/beta/participant-invite.md:499"]
    );
}

/// The step at its line in another translation, whose bodies are as far from their heads.
fn step_at(step: &Step, line: usize) -> Step {
    let mut step = step.clone();
    match &mut step {
        Step::Request(step) => step.line = line,
        Step::Response(step) => step.line = line,
        Step::Refusal(step) => step.line = line,
        Step::Notification(step) => {
            step.body_line = step.body_line + line - step.line;
            step.line = line;
        }
    }
    step
}

/// Returns the place of a body that is printed as invalid JSON.
fn assert_is_printed(
    step: &Step,
    script: &Script,
    printed: &Printed,
    place: &str,
) -> Option<String> {
    let value = |name: &str| Some(script.variables[name].printed().to_owned());
    let (_, _, body) = fill_step(step, &value);
    assert_eq!(start_line(step, &value), printed.start, "{place}");
    let headers: Vec<_> = step
        .fields()
        .map(|(name, text)| (name.clone(), template::fill(text, &value)))
        .collect();
    assert_eq!(headers, printed.headers, "{place}");
    match serde_json::from_str::<Value>(&printed.body) {
        Ok(printed) => assert_eq!(body, Some(printed), "{place}"),
        Err(_) if printed.body.is_empty() => assert_eq!(body, None, "{place}"),
        Err(_) => return Some(place.to_owned()),
    }
    None
}

/// What a page prints of a message.
struct Printed {
    /// Method and target, or the status.
    start: String,
    /// Without `Content-Length`.
    headers: Vec<(String, String)>,
    body: String,
}

impl Printed {
    fn read(page: &str, step: &Step) -> Self {
        let fence_of_head = code_block(page, step.line());
        let is_response = matches!(step, Step::Response(_));
        let head = match fence_of_head.find("HTTP/1.1 ") {
            Some(at) if is_response => &fence_of_head[at..],
            _ => &fence_of_head,
        };
        let (start, rest) = head.split_once('\n').unwrap_or((head, ""));
        let words: Vec<_> = start.split_whitespace().collect();
        let start = match (is_response, words.as_slice()) {
            (true, [_, status, ..]) => (*status).to_owned(),
            (_, [method, target, ..]) => format!("{method} {target}"),
            _ => panic!("no start line: {start}"),
        };
        let fields = rest
            .lines()
            .take_while(|line| line.contains(": ") && !line.starts_with(['{', ' ']));
        let headers: Vec<_> = fields
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let behind = rest
            .lines()
            .skip(headers.len())
            .collect::<Vec<_>>()
            .join("\n");
        let body = match step {
            Step::Notification(step) if step.body_line != step.line => {
                code_block(page, step.body_line)
            }
            _ => behind.trim().to_owned(),
        };
        let is_kept = |(name, _): &(String, String)| !name.eq_ignore_ascii_case("content-length");
        Self {
            start,
            headers: headers.into_iter().filter(is_kept).collect(),
            body,
        }
    }
}

/// Method and target, or the status.
fn start_line(step: &Step, value: &impl Fn(&str) -> Option<String>) -> String {
    match step {
        Step::Request(step) => format!("{} {}", step.method, template::fill(&step.target, value)),
        Step::Response(step) => step.status.to_string(),
        Step::Refusal(_) => unreachable!("no page documents a refusal"),
        Step::Notification(step) => {
            format!("{} {}", step.method, template::fill(&step.target, value))
        }
    }
}

#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn published_conversations_have_the_lines_worked_out_by_hand() {
    let pages = &published_pages();
    let mut actual = Vec::new();
    for scenario in extract_all(pages, &published(pages)).scenarios {
        let (page, name) = scenario.id.as_str().rsplit_once('/').unwrap();
        for Translation { locale, lines, .. } in &scenario.script.locales {
            actual.push((format!("{page}/{locale}/{name}"), lines.clone()));
        }
    }
    actual.sort();
    let mut expected: Vec<(String, Vec<usize>)> = BY_HAND
        .iter()
        .map(|(id, lines)| (format!("participant-invite/beta@{id}"), lines.to_vec()))
        .collect();
    expected.sort();
    assert_eq!(actual, expected);
}

/// The conversations of the five pages of *participant: invite*.
const BY_HAND: [(&str, &[usize]); 19] = [
    (
        "2021-02/pt-BR/invite-one-participant-to-an-existing-group-call",
        &[78, 125, 157, 202],
    ),
    (
        "2021-02/pt-BR/invite-multiple-participants-to-an-existing-group-call",
        &[268, 324, 370, 424],
    ),
    (
        "2021-02/pt-BR/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call",
        &[524, 569, 602, 648],
    ),
    (
        "2021-02/pt-BR/invite-one-pstn-participant-to-an-existing-group-call",
        &[735, 766, 801, 844],
    ),
    (
        "2021-02/zh-CN/invite-one-participant-to-an-existing-group-call",
        &[78, 125, 157, 202],
    ),
    (
        "2021-02/zh-CN/invite-multiple-participants-to-an-existing-group-call",
        &[268, 324, 370, 424],
    ),
    (
        "2021-02/zh-CN/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call",
        &[524, 569, 602, 648],
    ),
    (
        "2021-02/zh-CN/invite-one-pstn-participant-to-an-existing-group-call",
        &[735, 766, 801, 844],
    ),
    (
        "2020-12/zh-CN/invite-one-participant-to-an-existing-group-call",
        &[78, 125, 157, 202],
    ),
    (
        "2020-12/zh-CN/invite-multiple-participants-to-an-existing-group-call",
        &[268, 324, 370, 424],
    ),
    (
        "2020-12/zh-CN/invite-participants-to-a-an-existing-group-call-replacing-an-existing-peer-to-peer-call",
        &[524, 569, 602, 648],
    ),
    (
        "2020-12/zh-CN/invite-one-pstn-participant-to-an-existing-group-call",
        &[736, 767, 802, 845],
    ),
    ("2019-09/zh-CN/participant-invite", &[67, 115]),
    (
        "2019-09/zh-CN/invite-participants-to-an-existing-multiparty-call",
        &[135, 160, 176, 208],
    ),
    (
        "2019-09/zh-CN/invite-participants-to-a-multiparty-call-replacing-an-existing-peer-to-peer-call",
        &[289, 311, 328, 360, 435, 467],
    ),
    ("2019-09/zh-CN/invite-participant-failure", &[289, 311, 499]),
    ("2019-05/ru-RU/participant-invite", &[61, 95]),
    (
        "2019-05/ru-RU/invite-participants-in-existing-p2p-meeting",
        &[116, 141, 157, 187],
    ),
    (
        "2019-05/ru-RU/invite-participants-in-existing-p2p-meeting-2",
        &[
            266, 319, 345, 361, 390, 425, 461, 468, 498, 528, 550, 567, 597, 670, 700,
        ],
    ),
];

#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn every_fence_of_the_published_pages_is_accounted_for() {
    let pages = &published_pages();
    for path in files(pages) {
        let extraction = extract_below(pages, &path);
        let lines: Vec<_> = extraction.inventory.iter().map(|row| row.line).collect();
        let text = fs::read_to_string(&path).unwrap();
        let mut is_open = false;
        let mut code_blocks = Vec::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                is_open = !is_open;
                code_blocks.extend(is_open.then_some(number + 1));
            }
        }
        assert_eq!(lines, code_blocks, "{}", path.display());
        for row in &extraction.inventory {
            let is_other = row.kind == extract::Kind::Other;
            assert!(!is_other || row.reason.is_some(), "{row:?}");
        }
        for scenario in &extraction.scenarios {
            assert_round_trip(scenario, &text);
        }
    }
}

/// Each folder of operation pages: its pages, its scenarios, and the language beside it that shows the
/// same messages.
const OPERATIONS: [(&str, usize, usize, Option<&str>); 6] = [
    ("calling/en-US/v1.0/api", 20, 36, None),
    ("calling/en-US/beta/api", 29, 48, None),
    ("calling/ru-RU/v1.0/api", 24, 53, Some("zh-CN")),
    ("calling/ru-RU/beta/api", 35, 69, Some("zh-CN")),
    ("calling/zh-CN/v1.0/api", 24, 53, Some("ru-RU")),
    ("calling/zh-CN/beta/api", 35, 69, Some("ru-RU")),
];

#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn every_operation_page_shows_conversations() {
    let pages = &published_pages();
    let all: Vec<_> = files(&pages.join("calling"))
        .into_iter()
        .filter(|path| path.components().any(|part| part.as_os_str() == "api"))
        .collect();
    let whole = extract_all(pages, &all);
    for scenario in &whole.scenarios {
        assert_no_placeholder(scenario);
        assert_eq!(scenario.id.locale(), None, "translations differ");
    }
    let locales = |it: &Scenario| -> BTreeSet<String> {
        it.locales().into_iter().map(|it| it.locale).collect()
    };
    for (folder, count, conversations, other) in OPERATIONS {
        let shown: Vec<_> = whole
            .scenarios
            .iter()
            .filter(|it| it.locales().iter().any(|it| it.file.starts_with(folder)))
            .collect();
        let files: BTreeSet<_> = shown
            .iter()
            .flat_map(|it| it.locales())
            .map(|it| it.file)
            .filter(|file| file.starts_with(folder))
            .collect();
        assert_eq!(
            (files.len(), shown.len()),
            (count, conversations),
            "{folder}"
        );
        let shared = |it: &&&Scenario| other.is_none_or(|other| locales(it).contains(other));
        assert_eq!(
            shown.iter().filter(shared).count(),
            conversations,
            "{folder}"
        );
    }
}

/// No printed placeholder is left as a text in a path or a body.
fn assert_no_placeholder(scenario: &Scenario) {
    for step in &scenario.script.steps {
        let (target, headers, body) = fill_step(step, &|_| Some(String::new()));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        for text in headers.iter().chain([&target, &body]) {
            let is_left = ["{id", "-value", "<", ">", " | "]
                .iter()
                .any(|it| text.contains(it));
            assert!(
                !is_left,
                "{}:{}: {text}",
                scenario.script.source,
                step.line()
            );
        }
    }
}

/// The folders of the pages that the shipped scenarios come from.
const PUBLISHED: [&str; 3] = ["pt-BR", "ru-RU", "zh-CN"];

/// The pages that the shipped scenarios come from.
fn published(pages: &Path) -> Vec<PathBuf> {
    let found: Vec<_> = PUBLISHED
        .iter()
        .flat_map(|locale| files(&pages.join(locale)))
        .filter(|path| path.ends_with("participant-invite.md"))
        .collect();
    assert_eq!(found.len(), 5);
    found
}

/// The shipped scenarios of these pages; those that people wrote judge one party.
fn shipped() -> Vec<Scenario> {
    let mut scenarios = store::invitations().unwrap();
    scenarios.retain(|it| it.script.judges.is_none());
    scenarios
}

/// The reader of scenario files takes what extraction writes. Every variable has a root that is
/// none's alias, and every name in a template is a variable.
fn assert_sound(scenario: &Scenario) {
    assert_readable(scenario);
    let variables = &scenario.script.variables;
    let mut is_after_aliases = false;
    for (name, variable) in variables {
        assert!(template::is_name(name), "{name}");
        if let Some(root) = &variable.same_as {
            assert!(variables[root].same_as.is_none(), "{}: {name}", scenario.id);
        }
        assert!(
            variable.same_as.is_some() || !is_after_aliases,
            "roots first"
        );
        is_after_aliases = variable.same_as.is_some();
    }
    let known = |name: &str| {
        assert!(variables.contains_key(name), "{}: {name}", scenario.id);
        None
    };
    for step in &scenario.script.steps {
        fill_step(step, &known);
    }
}

/// What extraction writes is a scenario file that the reader takes, and the same script.
fn assert_readable(scenario: &Scenario) {
    let text = scenario_text(scenario);
    match parse::read("written.json", text.as_bytes()) {
        Ok(read) => assert_eq!(read.steps, scenario.script.steps, "{}", scenario.id),
        Err(wrong) => panic!("{}: {}", scenario.id, wrong[0]),
    }
}

/// Filled in with the printed values, every message of a scenario is what its code blocks print,
/// read here by another reader than extraction's.
fn assert_round_trip(scenario: &Scenario, page: &str) {
    assert_sound(scenario);
    let variables = &scenario.script.variables;
    let value = |name: &str| Some(variables[name].printed().to_owned());
    for step in &scenario.script.steps {
        let (target, headers, body) = fill_step(step, &value);
        let head = code_block(page, step.line());
        if head.contains("\nHTTP/") {
            continue; // Two messages in one code block: the expectations of the case say the rest.
        }
        if is_without_head(step, page) {
            assert_prints(page, &target);
            continue;
        }
        let (start, rest) = head.split_once('\n').unwrap_or((&head, ""));
        assert!(start.contains(&target), "{start}: {target}");
        for header in headers {
            assert!(rest.contains(&header), "{rest}: {header}");
        }
        let printed = match step {
            Step::Notification(step) if step.body_line != step.line => {
                code_block(page, step.body_line)
            }
            _ if rest.contains("\n{") => rest[rest.find("\n{").unwrap()..].to_owned(),
            _ => continue,
        };
        // What needs repair is compared in the expectations of the cases.
        if let Ok(printed) = serde_json::from_str::<Value>(&printed) {
            assert_eq!(body, Some(printed), "{}: {}", scenario.id, step.line());
        }
    }
}

/// True for an answer that only the prose names, and for change notifications without a head.
fn is_without_head(step: &Step, page: &str) -> bool {
    let is_code_block = |line: usize| {
        let line = page.lines().nth(line - 1).unwrap_or_default();
        line.trim_start_matches(['>', ' ']).starts_with(['`', '~'])
    };
    match step {
        Step::Response(step) => !is_code_block(step.line),
        Step::Notification(step) => code_block(page, step.line).starts_with('{'),
        Step::Request(_) | Step::Refusal(_) => false,
    }
}

/// The address of a notification without a head is one that the page prints, or there is none.
fn assert_prints(page: &str, target: &str) {
    assert!(page.contains(target), "{target} is not in the page");
}

/// The content of the code block that opens on that line.
fn code_block(page: &str, line: usize) -> String {
    let content = page.lines().skip(line).map(str::trim_end);
    let content = content.map(|line| line.trim_start_matches("> "));
    let ends = |line: &str| {
        ["```", "~~~"]
            .iter()
            .any(|f| line.trim_start().starts_with(f))
    };
    let content: Vec<_> = content.take_while(|line| !ends(line)).collect();
    content.join("\n").trim_start().to_owned()
}

fn fill_step(
    step: &Step,
    value: &impl Fn(&str) -> Option<String>,
) -> (String, Vec<String>, Option<Value>) {
    let target = match step {
        Step::Request(step) => template::fill(&step.target, value),
        Step::Response(_) | Step::Refusal(_) => String::new(),
        Step::Notification(step) => template::fill(&step.target, value),
    };
    let headers = step.headers().into_iter().flat_map(|it| it.values());
    (
        target,
        headers.map(|text| template::fill(text, value)).collect(),
        step.body()
            .json()
            .map(|body| template::fill_json(body, value)),
    )
}
