//! What everything that is declared by a name can tell.

/// Defines where something is declared, and by which name.
macro_rules! declared {
    ($($declared:ident)*) => {
        $(impl $declared {
            /// The declared name.
            pub fn name(&self) -> &str {
                &self.name.value
            }

            /// Where the name stands.
            pub fn name_span(&self) -> $crate::diagnostic::Span {
                self.name.span
            }

            /// Where it is declared.
            pub fn span(&self) -> $crate::diagnostic::Span {
                self.span
            }
        })*
    };
}
pub(super) use declared;
