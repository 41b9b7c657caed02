//! Catalogues of faults and variations: an enum whose values have a name and a description.

/// Declares an enum whose values each have a name in kebab-case and one sentence, which is the
/// value's documentation too.
macro_rules! catalogue {
    (
        $(#[$meta:meta])*
        $name:ident { $($variant:ident = $kebab:literal, $sentence:literal;)+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = $sentence] $variant,)+
        }

        impl $name {
            /// Every one, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name, in kebab-case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $kebab,)+ }
            }

            /// What it does, in one sentence.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }

            /// The one of that name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

pub(super) use catalogue;
