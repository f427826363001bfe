//! Many events at once, so that the ledger is asked once for all people in them.

use super::error::StoreError;
use super::id::Id;
use super::ledger_event::{LedgerEvent, LedgerReader};
use super::people::recorded;
use super::record::DatedRecord;
use super::store::Store;
use super::timestamp::Timestamp;
use crate::event::{EventError, Limits, Record, Recorded};
use crate::model::Policy;
use std::collections::BTreeMap;

/// Lines that were read, and the records of the people in them.
///
/// ```
/// use consentry::event::Recorded;
/// use consentry::ledger::{LedgerAnswers, MemoryStore};
/// use consentry::{Limits, Policy};
///
/// let policy = Policy::parse(r#"consentry 1 policy "p" include prelude "segment" override ledger mismatch drop"#)?;
/// let lines = [&br#"{"userId":"u","context":{"consent":{"categoryPreferences":{"Ads":true}}}}"#[..], b"[]"];
/// let answers = LedgerAnswers::read(lines.into_iter().map(Ok), &MemoryStore::default(), &policy, &Limits::default(), None);
/// let answers: Vec<_> = answers.iter().map(Result::ok).collect();
/// assert_eq!(answers, [Some(Recorded::Unknown), None]);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct LedgerAnswers<'l> {
    notices: Vec<Result<LedgerEvent<'l>, EventError>>,
    /// The record of the person of each line, for an event of its time.
    records: Result<Vec<Option<Record>>, StoreError>,
}

impl<'l> LedgerAnswers<'l> {
    /// Reads lines, and asks the ledger once for the people in them. A line that could not be read is an error already. The age of grants is
    /// measured at a given time, or else at the one that each event states.
    pub fn read(
        lines: impl Iterator<Item = Result<&'l [u8], EventError>>,
        store: &dyn Store,
        policy: &Policy,
        limits: &Limits,
        at: Option<Timestamp>,
    ) -> Self {
        let mut reader = LedgerReader::new(policy);
        let notices: Vec<_> = lines.map(|line| reader.read(line?, limits)).collect();
        let mut people: Vec<Id> =
            notices.iter().flatten().filter_map(|notice| notice.person.id.clone()).collect();
        people.sort_unstable();
        people.dedup();
        let records = recorded(store, &people).map(|records| {
            let records: BTreeMap<&Id, DatedRecord> =
                people.iter().zip(records).filter_map(|(id, record)| Some((id, record?))).collect();
            let of = |notice: &Result<LedgerEvent<'_>, EventError>| {
                let notice = notice.as_ref().ok()?;
                let record = records.get(notice.person.id.as_ref()?)?;
                Some(record.record_at(at.or(notice.stated_time()), policy))
            };
            notices.iter().map(of).collect()
        });
        LedgerAnswers { notices, records }
    }

    /// Returns why the ledger did not answer, if it did not.
    pub fn silence(&self) -> Option<&StoreError> {
        self.records.as_ref().err()
    }

    /// Returns each line as it was read.
    pub fn notices(&self) -> &[Result<LedgerEvent<'l>, EventError>] {
        &self.notices
    }

    /// Returns what the ledger says of the person of each line, for [`Input::recorded`](crate::Input::recorded).
    pub fn iter(&self) -> impl Iterator<Item = Result<Recorded<'_>, EventError>> {
        self.notices.iter().enumerate().map(|(number, notice)| {
            let notice = notice.as_ref().map_err(Clone::clone)?;
            Ok(match (&notice.person.id, &self.records) {
                (None, _) => Recorded::Unknown,
                (Some(_), Err(_)) => Recorded::Unreachable,
                (Some(_), Ok(records)) => {
                    records.get(number).and_then(Option::as_ref).map_or(Recorded::Unknown, Recorded::Known)
                }
            })
        })
    }
}
