//! The rules of damage.

use super::super::remark::{PageRule, RemarkKind, Severity};

const fn damage(
    id: &'static str,
    level: Severity,
    text: &'static str,
    remedy: &'static str,
) -> PageRule {
    PageRule {
        id,
        kind: RemarkKind::Damage,
        level,
        text,
        remedy,
    }
}

pub(super) static NAME_TRANSLATED: PageRule = damage(
    "name-translated",
    Severity::Error,
    "Names of the API are not translated and not written in another script: a reader who copies one gets an error.",
    "Write the name as the source text has it, and mark it as not to be translated.",
);

pub(super) static NAME_SPLIT: PageRule = damage(
    "name-split",
    Severity::Error,
    "A name of the API has no blanks; a translation that adds some makes two words of it.",
    "Remove the blanks from the name.",
);

pub(super) static NAME_CASE: PageRule = damage(
    "name-case",
    Severity::Warning,
    "Names of types and properties are compared with regard to case.",
    "Write the name in the case of the source text.",
);

pub(super) static NAME_LOST: PageRule = damage(
    "name-lost",
    Severity::Warning,
    "A name of the source text is not in its translation, so a sentence or a row no longer says what it is about.",
    "Put the name back where the source text has it.",
);

pub(super) static NAME_UNKNOWN: PageRule = damage(
    "name-unknown",
    Severity::Error,
    "The name is in no code block of the page, while another translation has one that is.",
    "Write the name as the other translation does.",
);

pub(super) static CODE_SPAN_MOVED: PageRule = damage(
    "code-span-moved",
    Severity::Warning,
    "A code span stands between punctuation or beside a link, away from the words that it belongs to.",
    "Move the code span to the words that it belongs to.",
);

pub(super) static MIXED_SCRIPTS: PageRule = damage(
    "mixed-scripts",
    Severity::Error,
    "A name has letters of two scripts; some look alike, and a reader who copies the name gets an error.",
    "Write the whole name in Latin letters.",
);

pub(super) static FULL_WIDTH: PageRule = damage(
    "full-width",
    Severity::Note,
    "Names are written in ASCII; full-width forms look alike and compare as different.",
    "Write the character in ASCII.",
);

pub(super) static PUNCTUATION_IN_LINK: PageRule = damage(
    "punctuation-in-link",
    Severity::Note,
    "The text of a link to a page is a name or a title; the end of the sentence is no part of it.",
    "Move the punctuation behind the link.",
);

/// All rules of damage, in the order of the book.
pub(crate) static ALL: [&PageRule; 9] = [
    &NAME_TRANSLATED,
    &NAME_SPLIT,
    &NAME_CASE,
    &NAME_LOST,
    &NAME_UNKNOWN,
    &CODE_SPAN_MOVED,
    &MIXED_SCRIPTS,
    &FULL_WIDTH,
    &PUNCTUATION_IN_LINK,
];
