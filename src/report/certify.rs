//! Certificates that the compiled table decides as the reference interpreter does.

use super::json::VERSION;
use super::names;
use super::page::{Document, Grid, Page, PageBlock};
use crate::event::LedgerAnswer;
use crate::exact::{Certificate, Coverage};
use crate::model::Policy;
use crate::reason::Reason;
use crate::verdict::Verdict;
use serde::Serialize;

/// The result of `certify`: what was compared, and where the table and the reference differ.
#[derive(Debug, Serialize)]
pub struct CertifyReport<'a> {
    v: u32,
    policy: &'a str,
    /// The events that were compared with an answer of the ledger; left out where the policy asks for no check.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<String>,
    comparisons: String,
    destinations: Vec<CoverageReport<'a>>,
    differences: Vec<Difference<'a>>,
}

/// The counts are text, as a JSON number cannot be relied on to hold one of this size.
#[derive(Debug, Serialize)]
struct CoverageReport<'a> {
    destination: &'a str,
    coverage: &'static str,
    compared: String,
    of: Option<String>,
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Serialize)]
struct Difference<'a> {
    destination: &'a str,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<&'a LedgerAnswer>,
    table: Option<Reason>,
    reference: Option<Reason>,
    #[serde(skip)]
    text: String,
}

impl<'a> CertifyReport<'a> {
    /// Creates the report from the certificate of a policy.
    pub fn new(policy: &'a Policy, certificate: &'a Certificate) -> Self {
        let destinations = certificate.coverage.iter().map(|(id, coverage)| {
            let (coverage, count, of, text) = match *coverage {
                Coverage::Full(count) => ("full", count, Some(count), format!("all {count} situations")),
                Coverage::Reduced(count) => {
                    let text = format!("all {count} situations that can make a difference");
                    ("reduced", count, Some(count), text)
                }
                Coverage::Sampled { compared: count, of } => {
                    let text = match of {
                        Some(of) => {
                            format!("{count} of {of} situations that can make a difference: a sample")
                        }
                        None => format!("{count} situations of too many to count: a sample"),
                    };
                    ("sampled", count, of, text)
                }
            };
            CoverageReport {
                destination: policy.destination_name(*id),
                coverage,
                compared: count.to_string(),
                of: of.map(|of| of.to_string()),
                text,
            }
        });
        let text = |verdict: &Option<Verdict>| match verdict {
            Some(verdict) => {
                let refused = policy.category_names(verdict.refused());
                let why = names::reason(verdict.reason(), &refused);
                format!("{}, {why}", verdict.outcome())
            }
            None => "nothing".to_owned(),
        };
        let differences = certificate.differences.iter().map(|one| {
            let (table, reference) = (text(&one.table), text(&one.reference));
            Difference {
                destination: policy.destination_name(one.destination),
                event: &one.event,
                recorded: one.recorded.as_ref(),
                table: one.table.as_ref().map(Verdict::reason),
                reference: one.reference.as_ref().map(Verdict::reason),
                text: format!("the table says {table}; the reference says {reference}"),
            }
        });
        CertifyReport {
            v: VERSION,
            policy: policy.name(),
            checked: policy.ledger_check().map(|_| certificate.checked.to_string()),
            comparisons: certificate.comparisons().to_string(),
            destinations: destinations.collect(),
            differences: differences.collect(),
        }
    }
}

impl Document for CertifyReport<'_> {
    fn add_to(&self, page: &mut Page) {
        let rows = self.destinations.iter().map(|one| [one.destination, &one.text]);
        page.table(Grid::new(["", ""]).with(rows));
        for one in &self.differences {
            page.paragraph(format!("{}: {}", one.destination, one.text));
            page.0.push(PageBlock::Event(one.event.to_owned()));
            if let Some(recorded) = one.recorded {
                page.indented(format!("where the ledger says {}", recorded.to_json()));
            }
        }
        let found = match self.differences.len() {
            0 => "no difference".to_owned(),
            count => format!("{count} differences"),
        };
        page.paragraph(format!("\"{}\": {} comparisons, {found}", self.policy, self.comparisons));
        if let Some(checked) = &self.checked {
            page.paragraph(format!(
                "{checked} events with an answer of the ledger, a sample: the check and the decision after it"
            ));
        }
        if self.destinations.iter().any(|one| one.coverage == "sampled") {
            page.paragraph("what is marked as a sample is not certified");
        }
    }
}
