//! Promises: what is so in every event, with the names in it resolved.

use super::checker::Checker;
use super::ids::{CategoryId, DestinationId};
use super::requirement::Requirement;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::syntax::tree::{PromiseStatement, Quantifier, StatedCondition};

/// What is promised of every event, or of every one that it speaks of. `consentry prove` decides whether that is so; it never
/// changes a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// True if it promises that an event is always delivered, and not that it never is.
    pub always: bool,
    /// The destinations; `None` for every one.
    pub destinations: Option<Vec<DestinationId>>,
    /// Where this is not granted it is never delivered.
    pub without: Option<Requirement>,
    /// Of which events it speaks: of those for which all of this holds.
    pub when: Vec<PromiseCondition>,
    /// Why.
    pub because: Option<String>,
    /// The whole statement.
    pub span: Span,
}

/// What a promise asks of an event.
pub type PromiseCondition = StatedCondition<String, CategoryId>;

impl Promise {
    /// Returns true if the promise speaks of events by what a ledger says.
    pub(crate) fn is_about_the_ledger(&self) -> bool {
        let is_asked = |one: &PromiseCondition| {
            matches!(one, PromiseCondition::Ledger(_) | PromiseCondition::Recorded { .. })
        };
        self.when.iter().any(is_asked)
    }
}

impl Checker<'_> {
    /// Checks a promise; `None` if it has unknown names, which have diagnostics.
    pub(super) fn promise(&mut self, said: &Spanned<&PromiseStatement>) -> Option<Promise> {
        let promise = said.value;
        let destinations = match &promise.destinations {
            Some(names) => Some(self.destinations_named(names)?),
            None => None,
        };
        // Of a list all are meant, whatever the policy says of lists that destinations need.
        let without = match &promise.without {
            Some(needs) => Some(self.needs(needs, Quantifier::All)?),
            None => None,
        };
        let conditions: Vec<Option<PromiseCondition>> =
            promise.when.iter().map(|condition| self.condition(&condition.value)).collect();
        let when = conditions.into_iter().collect::<Option<_>>()?;
        let because = promise.because.as_ref().map(|because| because.value.clone());
        let always = promise.always;
        Some(Promise { always, destinations, without, when, because, span: said.span })
    }

    fn condition(&mut self, said: &StatedCondition) -> Option<PromiseCondition> {
        Some(match said {
            StatedCondition::Consent(states) => PromiseCondition::Consent(states.clone()),
            StatedCondition::Integrations(states) => PromiseCondition::Integrations(states.clone()),
            StatedCondition::Exempt(exempt) => PromiseCondition::Exempt(*exempt),
            StatedCondition::Ledger(results) => PromiseCondition::Ledger(results.clone()),
            StatedCondition::Recorded { category, granted } => {
                let category = self.category_named(category)?;
                PromiseCondition::Recorded { category, granted: *granted }
            }
            StatedCondition::Event(names) => {
                PromiseCondition::Event(names.iter().map(|name| name.value.clone()).collect())
            }
            StatedCondition::Entry { name, states } => {
                if name.value != "All" && !self.owners.contains_key(name.value.as_str()) {
                    self.report(
                        Diagnostic::new(
                            Code::UnknownDestination,
                            format!("no destination answers to `{}`", name.value),
                        )
                        .at(name.span, "unknown")
                        .help("an entry has the name of a destination, or one of its aliases, or is `All`"),
                    );
                    return None;
                }
                PromiseCondition::Entry { name: name.value.clone(), states: states.clone() }
            }
            StatedCondition::Preference { category, granted } => {
                let category = self.category_named(category)?;
                PromiseCondition::Preference { category, granted: *granted }
            }
        })
    }
}
