//! The emulator: a built-in [`service`] and a built-in [`bot`], written from the pages.
//!
//! For: the default run, `confcall serve`, and the self-check of the judge. Not for: judging. Both parties use only
//! `http` and `api`, and not the scenarios, the contract or the judge; `tests/structure` checks that.
//!
//! Each party can run as one **mutant** (one deliberate fault) or one **variant** (one harmless
//! difference).
//!
//! To add a mutant:
//!
//! 1. Add a row to `BotMutant` in `bot/mutant.rs`, or to `ServiceMutant` in `service/mutant/mod.rs`.
//! 2. Implement the fault in that module, in the function for the kind of message that has the fault.
//! 3. Name the rule that must catch it in `runner/self_check/expected.rs`. A test of each party fails for a
//!    mutant that changes nothing on the wire.
//!
//! A mutant or variant of one operation is a row of a table: `bot/operation_mutant.rs`, `bot/operation_variant.rs`,
//! `service/mutant/operation.rs`, `service/operation_variant.rs`. The row of a mutant has the requirement that it
//! breaks. A test shows that each row changes something on the wire.
//!
//! To add another variant: add a row to `bot/variant.rs` or `service/variant.rs`, and match on it where the
//! message is made; `body` has the styles of JSON.

mod body;

/// Declares an enum from a table. A row has a variant, its name in kebab-case, and one sentence that
/// describes it; the sentence is the variant's documentation too.
macro_rules! catalogue {
    (
        $(#[$meta:meta])*
        $name:ident { $($variant:ident = $text:literal, $sentence:literal;)+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $name {
            $(#[doc = $sentence] $variant,)+
        }
        impl $name {
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
            pub(crate) const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

/// Declares a table of alterations. A row has a name, the operation, the alteration, and one sentence that
/// describes it. The row of a mutant has the requirement that it breaks, by its name in reports.
macro_rules! alterations {
    (
        $(#[$meta:meta])*
        $name:ident: $altered:ident {
            $($row:literal, $operation:ident, $alteration:expr $(=> $breaks:literal)?, $sentence:literal;)+
        }
    ) => {
        $(#[$meta])*
        pub(crate) const $name: &[$altered] = &[$($altered {
            name: $row,
            what: $sentence,
            operation: Operation::$operation,
            alteration: $alteration,
            breaks: concat!($($breaks)?),
        },)+];
    };
}

pub(crate) mod bot;
pub(crate) mod service;

/// A random GUID in lower case with hyphens.
fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The time in UTC as the pages print it: `2018-09-06T15:58:41Z`.
fn now() -> String {
    format!("{:.0}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_in_whole_seconds() {
        let now = super::now();
        assert!(
            now.parse::<jiff::Timestamp>().is_ok() && now.len() == "2018-09-06T15:58:41Z".len()
        );
    }
}
