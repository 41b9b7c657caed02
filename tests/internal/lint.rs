//! Lint over whole pages.
//!
//! `tests/fixtures/lint/` has pages of our own; the pages of a folder are linted together, every other page alone.
//! `expected.txt` has what is found. With `CONFCALL_BLESS=1` it is rewritten: read the difference.
//!
//! Where `CONFCALL_PAGES` names the folder of the published pages, the findings and the damage of *participant: invite* are
//! compared with what was read from its pages by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{is_blessing, name_below, pages_below, published_pages};
use crate::extract::PageDefaults;
use crate::extract::damage;
use crate::extract::lint;
use crate::extract::remark::Remark;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The pages below a folder, by their names below it.
fn pages(folder: &Path) -> BTreeMap<String, PathBuf> {
    let pages = pages_below(folder).into_iter();
    pages.map(|it| (name_below(folder, &it), it)).collect()
}

fn lint_together(pages: &[(&String, &PathBuf)]) -> Vec<Remark> {
    let read = |(name, path): &(&String, &PathBuf)| {
        lint::read(name, &fs::read(path).unwrap(), &PageDefaults::default()).unwrap()
    };
    lint::finish(pages.par_iter().map(read).collect())
}

fn line(remark: &Remark) -> String {
    let other = match &remark.other {
        Some(other) if other.page == remark.place.page => format!(" (line {})", other.line),
        Some(other) => format!(" ({}:{})", other.page, other.line),
        None => String::new(),
    };
    let (place, id) = (&remark.place, remark.rule.id);
    format!(
        "{}:{}: {id}: {}{other}\n",
        place.page, place.line, remark.message
    )
}

#[test]
fn every_rule_has_a_page_that_shows_it() {
    let folder = Path::new(ROOT).join("tests/fixtures/lint");
    let pages = pages(&folder);
    let mut sets: BTreeMap<&str, Vec<(&String, &PathBuf)>> = BTreeMap::new();
    for page in &pages {
        let set = page.0.split('/').next().unwrap();
        sets.entry(set).or_default().push(page);
    }
    let remarks: Vec<_> = sets.values().flat_map(|set| lint_together(set)).collect();
    let text: String = remarks.iter().map(line).collect();
    let expected = folder.join("expected.txt");
    if is_blessing() {
        fs::write(&expected, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(&expected).unwrap_or_default());

    let shown: BTreeSet<_> = remarks.iter().map(|it| it.rule.id).collect();
    let rules = lint::rules::ALL.into_iter().chain(damage::rules::ALL);
    let missing: Vec<_> = rules
        .map(|it| it.id)
        .filter(|id| !shown.contains(id))
        .collect();
    assert!(missing.is_empty(), "no page shows {missing:?}");
    assert!(!text.lines().any(|it| it.starts_with("clean")), "{text}");
}

/// The pages of *participant: invite*, each with the folders and pages that are linted with it.
const INVITATIONS: [(&str, &str, &[&str]); 9] = [
    ("19r", "ru-RU/2019-05/beta/participant-invite.md", &[]),
    ("19z", "zh-CN/2019-09/beta/participant-invite.md", &[]),
    ("20z", "zh-CN/2020-12/beta/participant-invite.md", &[]),
    (
        "21p",
        "pt-BR/2021-02/beta/participant-invite.md",
        &["zh-CN/2021-02"],
    ),
    (
        "21z",
        "zh-CN/2021-02/beta/participant-invite.md",
        &["pt-BR/2021-02"],
    ),
    (
        "22z",
        "calling/zh-CN/beta/api/participant-invite.md",
        &["calling"],
    ),
    (
        "22r",
        "calling/ru-RU/beta/api/participant-invite.md",
        &["calling"],
    ),
    (
        "1z",
        "calling/zh-CN/v1.0/api/participant-invite.md",
        &["calling"],
    ),
    (
        "1r",
        "calling/ru-RU/v1.0/api/participant-invite.md",
        &["calling"],
    ),
];

#[test]
#[cfg_attr(
    not(pages),
    ignore = "CONFCALL_PAGES does not name the folder of the pages"
)]
fn invitations_have_the_findings_that_were_read_by_hand() {
    let all = pages(&published_pages());
    let mut sets: BTreeMap<&[&str], Vec<Remark>> = BTreeMap::new();
    let mut text = String::new();
    for (name, page, beside) in INVITATIONS {
        let is_beside = |it: &str| it == page || beside.iter().any(|folder| it.starts_with(folder));
        let set = || {
            all.iter()
                .filter(|(it, _)| is_beside(it))
                .collect::<Vec<_>>()
        };
        let remarks = match beside {
            ["calling"] => sets
                .entry(beside)
                .or_insert_with(|| lint_together(&set()))
                .clone(),
            _ => lint_together(&set()),
        };
        for remark in remarks.iter().filter(|it| it.place.page == page) {
            let other = remark.other.as_ref();
            let other = other.filter(|it| it.page == page).map_or(0, |it| it.line);
            let _ = writeln!(
                text,
                "{name} {} {} {other}",
                remark.place.line, remark.rule.id
            );
        }
    }
    assert_eq!(text, BY_HAND.trim_start());
}

/// Page, line, id, and the second line or 0.
const BY_HAND: &str = "
19r 27 name-translated 0
19r 39 name-translated 0
19r 46 name-translated 0
19r 47 name-translated 0
19r 50 name-translated 0
19r 97 location-call 62
19r 142 status-differs 50
19r 144 content-length 0
19r 172 operation-differs 147
19r 212 participant-differs 126
19r 230 malformed-id 117
19r 293 name-varies 623
19r 304 name-varies 623
19r 348 content-length 0
19r 551 status-differs 50
19r 554 content-length 0
19r 612 roster-of-other-call 529
19z 32 name-lost 0
19z 51 name-translated 0
19z 54 name-case 0
19z 116 status-differs 54
19z 117 location-call 68
19z 119 content-length 0
19z 161 status-differs 54
19z 163 content-length 0
19z 193 operation-differs 166
19z 235 participant-differs 145
19z 253 malformed-id 136
19z 312 status-differs 54
19z 315 content-length 0
19z 377 roster-of-other-call 290
19z 528 repaired-json 0
20z 2 full-width 0
20z 15 full-width 0
20z 23 punctuation-in-link 0
20z 59 code-span-moved 0
20z 59 header-promised 0
20z 59 punctuation-in-link 0
20z 81 content-length 0
20z 227 identity-kind 90
20z 246 null-id 0
20z 338 null-echo 276
20z 386 misnamed-path 387
20z 416 null-id 0
20z 442 misnamed-path 443
20z 451 identity-kind 279
20z 470 null-id 0
20z 497 null-id 0
20z 514 code-span-moved 0
20z 514 punctuation-in-link 0
20z 665 roster-of-other-call 525
20z 694 null-id 0
20z 739 content-length 0
20z 888 null-id 0
21p 47 name-translated 0
21p 56 name-translated 0
21p 59 code-span-moved 0
21p 59 header-promised 0
21p 81 content-length 0
21p 227 identity-kind 90
21p 246 null-id 0
21p 257 punctuation-in-link 0
21p 338 null-echo 276
21p 386 misnamed-path 387
21p 416 null-id 0
21p 442 misnamed-path 443
21p 451 identity-kind 279
21p 470 null-id 0
21p 497 null-id 0
21p 514 code-span-moved 0
21p 665 roster-of-other-call 525
21p 694 null-id 0
21p 738 content-length 0
21p 887 null-id 0
21z 2 full-width 0
21z 15 full-width 0
21z 59 code-span-moved 0
21z 59 punctuation-in-link 0
21z 81 content-length 0
21z 227 identity-kind 90
21z 246 null-id 0
21z 338 null-echo 276
21z 386 misnamed-path 387
21z 416 null-id 0
21z 442 misnamed-path 443
21z 451 identity-kind 279
21z 470 null-id 0
21z 497 null-id 0
21z 514 code-span-moved 0
21z 514 punctuation-in-link 0
21z 665 roster-of-other-call 525
21z 694 null-id 0
21z 738 content-length 0
21z 887 null-id 0
22z 81 content-length 0
22z 235 identity-kind 90
22z 254 null-id 0
22z 354 null-echo 284
22z 402 misnamed-path 403
22z 432 null-id 0
22z 458 misnamed-path 459
22z 467 identity-kind 287
22z 486 null-id 0
22z 513 null-id 0
22z 689 roster-of-other-call 541
22z 718 null-id 0
22z 744 content-length 0
22z 915 null-id 0
22z 1127 null-id 0
22r 47 name-translated 0
22r 56 name-translated 0
22r 59 header-promised 0
22r 81 content-length 0
22r 235 identity-kind 90
22r 254 null-id 0
22r 354 null-echo 284
22r 402 misnamed-path 403
22r 432 null-id 0
22r 458 misnamed-path 459
22r 467 identity-kind 287
22r 486 null-id 0
22r 513 null-id 0
22r 689 roster-of-other-call 541
22r 718 null-id 0
22r 744 content-length 0
22r 915 null-id 0
22r 1127 null-id 0
1z 230 type-differs 0
1z 234 identity-kind 87
1z 252 null-id 0
1z 355 null-echo 282
1z 402 misnamed-path 403
1z 432 null-id 0
1z 458 misnamed-path 459
1z 463 type-differs 0
1z 467 identity-kind 285
1z 485 null-id 0
1z 489 type-differs 0
1z 512 null-id 0
1z 689 roster-of-other-call 540
1z 694 type-differs 0
1z 717 null-id 0
1z 743 content-length 0
1z 910 null-id 0
1z 1122 null-id 0
1r 43 name-translated 0
1r 230 type-differs 0
1r 234 identity-kind 87
1r 252 null-id 0
1r 355 null-echo 282
1r 402 misnamed-path 403
1r 432 null-id 0
1r 458 misnamed-path 459
1r 463 type-differs 0
1r 467 identity-kind 285
1r 485 null-id 0
1r 489 type-differs 0
1r 512 null-id 0
1r 689 roster-of-other-call 540
1r 694 type-differs 0
1r 717 null-id 0
1r 743 content-length 0
1r 910 null-id 0
1r 1122 null-id 0
";
