//! Enums whose values are words of the language or of reports: each value stands once, with its word.

/// A value that is spelled as one of a few words.
pub(crate) trait Spelled: Copy + 'static {
    const VALUES: &'static [Self];

    fn spelling(self) -> &'static str;

    /// Returns the value that a text ends with.
    fn ending(text: &str) -> Option<Self> {
        let ends = |value: &&Self| {
            text.strip_suffix(value.spelling()).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
        };
        Self::VALUES.iter().find(ends).copied()
    }

    /// Writes alternatives as the reconcile table does: `any` for all values.
    fn alternatives(values: impl Iterator<Item = Self>) -> String {
        let words: Vec<&str> = values.map(Self::spelling).collect();
        if words.len() == Self::VALUES.len() { "any".to_owned() } else { words.join(" | ") }
    }
}

/// Defines enums from their values, each with its word and in the order of the documentation. They serialize as their words.
macro_rules! spelled {
    ($($(#[$doc:meta])* $name:ident { $($(#[$meaning:meta])* $value:ident = $word:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$meaning])* $value,)*
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: [$name; [$($word),*].len()] = [$($name::$value),*];

            /// Returns the value as policies and reports spell it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$value => $word,)*
                }
            }
        }

        impl $crate::spelled::Spelled for $name {
            const VALUES: &'static [Self] = &Self::ALL;

            fn spelling(self) -> &'static str {
                self.as_str()
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
