//! The fingerprint of a policy as a value; `exact` calculates it.

use std::fmt;

/// The fingerprint of a policy. Written, it names its version and its hash: `consentry-3-sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub(crate) [u8; 32]);

/// The prefix of the digits. A change of what is hashed changes the number.
const VERSION: &str = "consentry-3-sha256:";

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(VERSION)?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A question that has no exact answer within the limits on steps: those of one question, and those of all questions about a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLargeError;

impl fmt::Display for TooLargeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the requirement is too large to be answered exactly within the limit of steps")
    }
}

impl std::error::Error for TooLargeError {}
