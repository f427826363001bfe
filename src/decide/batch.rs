//! A batch, decided and rewritten for a router: item by item, in one line.

use super::decision::{Decision, Origin};
use super::engine::Resolved;
use super::input::Input;
use super::scratch::Scratch;
use super::table::Table;
use crate::event::{Batch, EventError, Recorded, integrations_texts};
use std::ptr;

impl Table {
    /// Decides each event of a batch, and appends the batch rewritten, in one line (section 8 of the semantics): each item as
    /// [`Table::rewrite`] writes it, with the integrations of the envelope, which loses them. The envelope's consent stays where it is.
    /// Everything else stays byte for byte.
    ///
    /// `recorded` returns what the ledger says of the person of each item, in their order. `decided` is called with each decision, and
    /// returns false to leave the item out. To write a line for each item instead, rewrite each with [`Table::rewrite`].
    ///
    /// ```
    /// use consentry::event::{Batch, Recorded};
    /// use consentry::{Limits, Policy, Table};
    ///
    /// let table = Table::new(Policy::parse(
    ///     r#"consentry 1 policy "p" include prelude "segment" category Ads destination "Google Ads" needs Ads"#,
    /// )?);
    /// let line = br#"{"batch":[{"context":{"consent":{"categoryPreferences":{"Ads":false}}}},{}],"integrations":{"Braze":false}}"#;
    /// let batch = Batch::read(line, table.policy(), &Limits::default())?.unwrap();
    /// let mut rewritten = Vec::new();
    /// table.rewrite_batch(&batch, || Recorded::Unchecked, &mut table.scratch(), &mut rewritten, |_| true)?;
    /// let expected = concat!(
    ///     r#"{"batch":[{"integrations":{"Google Ads":false,"Braze":false},"context":{"consent":{"categoryPreferences":{"Ads":false}}}},"#,
    ///     r#"{"integrations":{"Braze":false}}]}"#,
    /// );
    /// assert_eq!(String::from_utf8(rewritten)?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the batch is longer than the limits that it was read with, once it is rewritten; nothing is appended then.
    pub fn rewrite_batch<'r>(
        &self,
        batch: &Batch<'_>,
        mut recorded: impl FnMut() -> Recorded<'r>,
        scratch: &mut Scratch,
        into: &mut Vec<u8>,
        mut decided: impl FnMut(&Decision<'_>) -> bool,
    ) -> Result<(), EventError> {
        let length = into.len();
        batch.rewrite(into, |item, text, into| {
            let input = Input::line(item.bytes()).recorded(recorded());
            let Resolved { table, scratch, origin, at } = self.resolve(input, scratch)?;
            match &origin {
                // It is the event that was read, so that its integrations object is known.
                Origin::Bytes { integrations, .. } if ptr::eq(text.as_bytes(), item.bytes()) => {
                    table.rewrite_as(at, text.as_bytes(), integrations.as_slice(), scratch, into);
                }
                _ => {
                    let objects = integrations_texts(text.as_bytes());
                    table.rewrite_as(at, text.as_bytes(), &objects, scratch, into);
                }
            }
            let (event, deliver) = scratch.resolved(at);
            let is_kept = decided(&Decision::new(table, origin, event, deliver));
            match into.len() - length > batch.limit() {
                true => Err(EventError::batch_too_long(batch.limit())),
                false => Ok(is_kept),
            }
        })
    }
}
