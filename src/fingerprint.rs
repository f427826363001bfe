//! The fingerprint of a policy as a value; `exact` calculates it.

use derive_more::{Display, Error};
use std::fmt;

/// The fingerprint of a policy. Written, it names its version and its hash: `consentry-3-sha256:` and 64 hexadecimal digits.
#[derive(derive_more::Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[debug("{self}")]
pub struct Fingerprint(pub(crate) [u8; 32]);

/// The prefix of the digits. A change of what is hashed changes the number.
const VERSION: &str = "consentry-3-sha256:";

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A question that has no exact answer in reasonable space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, Error)]
#[display("the requirement is too large to be answered exactly")]
pub struct TooLargeError;
