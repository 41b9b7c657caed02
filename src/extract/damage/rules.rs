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
    "A name of the API is translated, or written in another script, so a reader who copies it gets an error.",
    "Write the name as in the source text, and mark it as untranslatable.",
);

pub(super) static NAME_SPLIT: PageRule = damage(
    "name-split",
    Severity::Error,
    "A translation has blanks inside a name of the API, which is therefore no longer one word.",
    "Remove the blanks from the name.",
);

pub(super) static NAME_CASE: PageRule = damage(
    "name-case",
    Severity::Warning,
    "A name has another case than in the source text or the code blocks, but names of types and properties are case-sensitive.",
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
    "A name is in no code block of its page, but the same row of another translation has a name that is.",
    "Write the name as the other translation does.",
);

pub(super) static CODE_SPAN_MOVED: PageRule = damage(
    "code-span-moved",
    Severity::Warning,
    "A code span stands between punctuation marks or beside a link, away from the words that it belongs to.",
    "Move the code span to the words that it belongs to.",
);

pub(super) static MIXED_SCRIPTS: PageRule = damage(
    "mixed-scripts",
    Severity::Error,
    "A name has letters of two scripts. Some of these letters look alike, so a reader who copies the name gets an error.",
    "Write the whole name in Latin letters.",
);

pub(super) static FULL_WIDTH: PageRule = damage(
    "full-width",
    Severity::Note,
    "A title has a full-width form of an ASCII character, which looks like that character but is not equal to it.",
    "Write the character in ASCII.",
);

pub(super) static PUNCTUATION_IN_LINK: PageRule = damage(
    "punctuation-in-link",
    Severity::Note,
    "The text of a link to a page includes the punctuation of the sentence, which is not part of the name or title.",
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
