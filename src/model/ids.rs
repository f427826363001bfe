//! The places of categories, destinations and kinds in a policy.

/// A category by its place in the policy: declaration order, includes depth-first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CategoryId(pub(crate) u32);

/// A destination by its place in the policy: declaration order, includes depth-first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DestinationId(pub(crate) u32);

/// A kind by its place in the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub(crate) u32);

macro_rules! index {
    ($($id:ident)*) => {
        $(impl $id {
            /// The place, counted from 0.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of a place. Ids of places that the policy does not have are harmless: they match nothing.
            pub fn new(index: usize) -> Self {
                $id(u32::try_from(index).unwrap_or(u32::MAX))
            }
        })*
    };
}
index!(CategoryId DestinationId KindId);
