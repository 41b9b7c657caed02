//! The rules of damage.

use super::super::remark::{PageRule, page_rules};

page_rules! {
    /// All rules of damage, in the order of the book.
    Damage:
    NAME_TRANSLATED: "name-translated", Error,
        "A name of the API is translated, or written in another script, so a reader who copies it gets an error.",
        "Write the name as in the source text, and mark it as untranslatable.";
    NAME_SPLIT: "name-split", Error,
        "A translation has blanks inside a name of the API, which is therefore no longer one word.",
        "Remove the blanks from the name.";
    NAME_CASE: "name-case", Warning,
        "A name has another case than in the source text or the code blocks, but names of types and properties are case-sensitive.",
        "Write the name in the case of the source text.";
    NAME_LOST: "name-lost", Warning,
        "A name of the source text is not in its translation, so a sentence or a row no longer says what it is about.",
        "Put the name back where the source text has it.";
    NAME_UNKNOWN: "name-unknown", Error,
        "A name is in no code block of its page, but the same row of another translation has a name that is.",
        "Write the name as the other translation does.";
    CODE_BLOCK_DIFFERS: "code-block-differs", Error,
        "A message or JSON differs from that of another translation, but code is never translated.",
        "Copy the code block of the source text.";
    NUMBER_DIFFERS: "number-differs", Warning,
        "A text has another number or status than the same text of another translation, so one of them is wrong.",
        "Write the number of the source text.";
    CODE_SPAN_MOVED: "code-span-moved", Warning,
        "A code span stands between punctuation marks or beside a link, away from the words that it belongs to.",
        "Move the code span to the words that it belongs to.";
    MIXED_SCRIPTS: "mixed-scripts", Error,
        "A name has letters of two scripts. Some of these letters look alike, so a reader who copies the name gets an error.",
        "Write the whole name in Latin letters.";
    FULL_WIDTH: "full-width", Note,
        "A title has a full-width form of an ASCII character, which looks like that character but is not equal to it.",
        "Write the character in ASCII.";
    PUNCTUATION_IN_LINK: "punctuation-in-link", Note,
        "The text of a link to a page includes the punctuation of the sentence, which is not part of the name or title.",
        "Move the punctuation behind the link.";
}
