//! Promises: what is so in every event, with the names in it resolved.

use super::checker::Checker;
use super::ids::{CategoryId, DestinationId, KindId};
use super::inputs::{InputReading, When};
use super::requirement::Requirement;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::syntax::tree::{InputCondition, PromiseStatement, Quantifier, StatedCondition, StatedSubject};

/// What is promised of every event, or of every one that it speaks of. `consentry prove` decides whether that is so; it never
/// changes a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// True if it promises that an event is always delivered, and not that it never is.
    pub always: bool,
    /// The destinations and kinds that it names; `None` for every destination.
    pub subjects: Option<Vec<PromiseSubject>>,
    /// The destinations and kinds that it leaves out.
    pub except: Vec<PromiseSubject>,
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
pub type PromiseCondition = StatedCondition<String, CategoryId, usize>;

/// Destinations that a promise speaks of.
pub type PromiseSubject = StatedSubject<DestinationId, KindId>;

impl Promise {
    /// Returns the destinations that the promise covers, of all with their kinds: the named ones in the order of the promise, then
    /// the others.
    pub(super) fn covered(&self, kinds: impl Iterator<Item = Option<KindId>>) -> Vec<DestinationId> {
        let (subjects, except) = (self.subjects.as_deref().map(Group::of), Group::of(&self.except));
        let named = self.subjects.iter().flatten().filter_map(|subject| match subject {
            StatedSubject::Destination(id) => Some(*id),
            StatedSubject::Kind(_) => None,
        });
        let kinds: Vec<Option<KindId>> = kinds.collect();
        let kind_of = |id: DestinationId| kinds.get(id.index()).copied().flatten();
        let is_other = |id: &DestinationId| {
            let is_covered = |named: &Group| named.has_kind(kind_of(*id)) && !named.has(*id);
            subjects.as_ref().is_none_or(is_covered)
        };
        let others = (0..kinds.len()).map(DestinationId::new).filter(is_other);
        named.chain(others).filter(|id| !except.has(*id) && !except.has_kind(kind_of(*id))).collect()
    }

    /// Returns true if the destinations that it covers depend on the policy, so that it may cover none.
    pub fn is_general(&self) -> bool {
        let is_kind = |subject: &PromiseSubject| matches!(subject, StatedSubject::Kind(_));
        self.subjects.iter().flatten().chain(&self.except).any(is_kind) || !self.except.is_empty()
    }

    /// Returns the conditions on inputs of the events that the promise speaks of.
    pub(crate) fn inputs(&self, inputs: &[InputReading]) -> Vec<When> {
        let conditions = self.when.iter().filter_map(|condition| match condition {
            PromiseCondition::Input(condition) => {
                let reading = inputs.get(condition.input)?;
                let numbers = condition.states.iter().filter_map(|state| reading.number(&state.value));
                let set = numbers.fold(0, |set, number| set | 1 << number);
                Some(When::new(vec![(condition.input, set)]))
            }
            _ => None,
        });
        conditions.collect()
    }

    /// Returns the categories that the promise names.
    pub(crate) fn categories(&self) -> impl Iterator<Item = CategoryId> {
        let asked = self.when.iter().filter_map(|condition| match condition {
            PromiseCondition::Recorded { category, .. } | PromiseCondition::Preference { category, .. } => {
                Some(*category)
            }
            _ => None,
        });
        self.without.iter().flat_map(Requirement::categories).chain(asked)
    }

    /// Returns true if the promise speaks of events by what a ledger says.
    pub(crate) fn is_about_the_ledger(&self) -> bool {
        let is_asked = |one: &PromiseCondition| {
            matches!(one, PromiseCondition::Ledger(_) | PromiseCondition::Recorded { .. })
        };
        self.when.iter().any(is_asked)
    }
}

/// Destinations and kinds in order, for looking up: most promises name few, and a policy has many of both.
struct Group {
    destinations: Vec<DestinationId>,
    kinds: Vec<KindId>,
}

impl Group {
    fn of(subjects: &[PromiseSubject]) -> Self {
        let mut group = Group { destinations: Vec::new(), kinds: Vec::new() };
        for subject in subjects {
            match subject {
                StatedSubject::Destination(id) => group.destinations.push(*id),
                StatedSubject::Kind(id) => group.kinds.push(*id),
            }
        }
        group.destinations.sort_unstable();
        group.kinds.sort_unstable();
        group
    }

    fn has(&self, id: DestinationId) -> bool {
        self.destinations.binary_search(&id).is_ok()
    }

    fn has_kind(&self, kind: Option<KindId>) -> bool {
        kind.is_some_and(|kind| self.kinds.binary_search(&kind).is_ok())
    }
}

impl Checker<'_> {
    /// Checks a promise; `None` if it has unknown names, which have diagnostics.
    pub(super) fn promise(&mut self, said: &Spanned<&PromiseStatement>) -> Option<Promise> {
        let promise = said.value;
        let subjects = match &promise.subjects {
            Some(subjects) => Some(self.subjects(subjects)?),
            None => None,
        };
        let except = self.subjects(&promise.except)?;
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
        Some(Promise { always, subjects, except, without, when, because, span: said.span })
    }

    fn subjects(&mut self, said: &[StatedSubject]) -> Option<Vec<PromiseSubject>> {
        let named = |is_kind: bool| {
            said.iter().filter_map(move |subject| match subject {
                StatedSubject::Kind(name) if is_kind => Some(name),
                StatedSubject::Destination(name) if !is_kind => Some(name),
                _ => None,
            })
        };
        self.twice(named(true), "kind");
        self.twice(named(false), "destination");
        let ids: Vec<Option<PromiseSubject>> = said
            .iter()
            .map(|subject| match subject {
                StatedSubject::Kind(name) => {
                    self.kind_named(name).map(|kind| StatedSubject::Kind(kind.value))
                }
                StatedSubject::Destination(name) => {
                    self.destination_named(name).map(StatedSubject::Destination)
                }
            })
            .collect();
        ids.into_iter().collect()
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
            StatedCondition::Input(condition) => {
                let conditions = std::slice::from_ref(condition);
                self.when(conditions)?;
                let input = self.input_named(&condition.input)?;
                PromiseCondition::Input(InputCondition { input, states: condition.states.clone() })
            }
            StatedCondition::Preference { category, preference } => {
                let category = self.category_named(category)?;
                PromiseCondition::Preference { category, preference: *preference }
            }
        })
    }
}
