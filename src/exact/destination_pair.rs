//! A destination of two policies: the situations that they decide otherwise, as few cubes as cover them.

use super::category_names::CategoryNames;
use super::cover::{Cube, MAX_CUBES, cover, size};
use super::diagram::{Budget, Diagram, Diagrams};
use super::equivalence::EquivalenceClass;
use super::formula::{Formula, PrimeImplicants};
use super::function::{Function, Used, function, reason};
use super::inputs::Inputs;
use super::requirement_vars::{RequirementVar, other_names};
use crate::fingerprint::TooLargeError;
use crate::model::{ConsentState, Destination, DestinationId, IntegrationsState, Policy};
use crate::reason::{Outcome, Reason};
use std::collections::HashSet;

spelled! {
    /// The policies that have a destination.
    Presence {
        /// Both.
        Both = "both",
        /// Only the new one.
        Added = "added",
        /// Only the old one.
        Removed = "removed",
    }
}

impl Presence {
    /// Returns what the old policy has, and the new one, of values for the policies that have the destination.
    pub(super) fn split<T>(self, mut values: impl Iterator<Item = T>) -> (Option<T>, Option<T>) {
        let before = if self == Presence::Added { None } else { values.next() };
        (before, values.next())
    }
}

spelled! {
    /// The way in which a situation is decided otherwise, the ones that matter most first.
    Direction {
        /// It was blocked and is delivered.
        Loosened = "loosened",
        /// It was delivered and is blocked.
        Tightened = "tightened",
        /// Only the reason is another one, or the categories that a refusal names.
        Reason = "reason",
    }
}

/// The changes for a destination, and for all that differ from it in names alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PairChanges {
    /// True if the rows ask for the requirement as a whole, because by categories there would be too many.
    pub(super) by_requirements: bool,
    pub(super) found: Vec<ChangedCube>,
}

/// The way in which a policy decides every event of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The reason, which has the outcome too.
    pub reason: Reason,
    /// The quoted text of dropped events.
    pub drop_reason: Option<String>,
}

/// A change that all events of a row have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transition {
    pub(super) direction: Direction,
    /// `None` without the destination.
    pub(super) before: Option<Decided>,
    pub(super) after: Option<Decided>,
}

impl Transition {
    /// Returns the transition between two decisions; `None` where nothing changes but the categories that a refusal names, or the text of
    /// a drop, which is a change of the whole event.
    fn of(before: Option<Decided>, after: Option<Decided>) -> Option<Self> {
        let delivers = |decided: &Option<Decided>| {
            decided.as_ref().is_some_and(|decided| decided.reason.outcome() == Outcome::Deliver)
        };
        let direction = match (delivers(&before), delivers(&after), &before, &after) {
            (false, true, ..) => Direction::Loosened,
            (true, false, ..) => Direction::Tightened,
            (_, _, Some(old), Some(new)) if old.reason != new.reason => Direction::Reason,
            _ => return None,
        };
        Some(Transition { direction, before, after })
    }
}

/// Situations that are decided otherwise, before they are put into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangedCube {
    pub(super) transition: Transition,
    pub(super) cube: Cube,
    /// The first event of the cube, with a value for each category.
    pub(super) event: Vec<usize>,
}

pub(super) type Side<'p> = (&'p Policy, Option<DestinationId>);

/// A destination that a policy has.
pub(super) type Declared<'p> = (&'p Policy, DestinationId, &'p Destination);

/// A class of destinations whose changes are the same, but for the names of destinations and categories.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct PairClass {
    presence: Presence,
    /// With the places of categories among the inputs for their names.
    declared: Vec<EquivalenceClass<Formula>>,
    /// True for each name, and each policy, in which it is one of the destination's.
    names: Vec<Vec<bool>>,
    /// As [`Inputs::constants`] returns them, and the categories that share wire ids.
    constants: Vec<Vec<bool>>,
    overlaps: Vec<Vec<usize>>,
}

impl PairClass {
    pub(super) fn of(compared: &DestinationPair<'_>) -> Self {
        let DestinationPair { declared, presence, inputs, formulas } = compared;
        let each = declared.iter().zip(formulas).map(|((policy, _, one), formula)| {
            EquivalenceClass::of(policy, one, formula.as_ref(), |formula| {
                formula.by_places(&inputs.categories)
            })
        });
        let names: Vec<HashSet<&str>> = declared.iter().map(|(_, _, one)| one.names().collect()).collect();
        let is_own = |name: &String| names.iter().map(|own| own.contains(name.as_str())).collect();
        PairClass {
            presence: *presence,
            declared: each.collect(),
            names: inputs.names.iter().map(is_own).collect(),
            constants: inputs.constants(),
            overlaps: inputs.overlapping(),
        }
    }

    /// Returns true if both policies say the same of the destination.
    pub(super) fn is_unchanged(&self) -> bool {
        let is_alike = matches!(self.declared.as_slice(), [old, new] if old == new);
        is_alike && self.names.iter().flatten().all(|is_own| *is_own)
    }
}

/// A destination of the policies that have it, the old one first.
pub(super) struct DestinationPair<'c> {
    pub(super) declared: Vec<Declared<'c>>,
    pub(super) presence: Presence,
    pub(super) inputs: Inputs,
    pub(super) formulas: Vec<Option<Formula>>,
}

impl<'c> DestinationPair<'c> {
    pub(super) fn of(sides: [Side<'c>; 2], names: &CategoryNames) -> Self {
        fn has((policy, id): Side<'_>) -> Option<Declared<'_>> {
            Some((policy, id?, policy.destination(id?)?))
        }
        let presence = match sides.map(|side| has(side).is_some()) {
            [true, true] => Presence::Both,
            [false, _] => Presence::Added,
            [true, false] => Presence::Removed,
        };
        let declared: Vec<Declared<'_>> = sides.into_iter().filter_map(has).collect();
        let ids: Vec<(&Policy, DestinationId)> =
            declared.iter().map(|(policy, id, _)| (*policy, *id)).collect();
        let formulas = declared.iter().map(|(policy, _, one)| Formula::of_destination(one, policy)).collect();
        let inputs = Inputs::of(&ids);
        let called = inputs.categories.iter().map(|key| names.of_key(key).to_owned()).collect();
        DestinationPair { inputs: Inputs { called, ..inputs }, declared, presence, formulas }
    }

    /// Returns what changes, by categories if that does not take too many rows.
    pub(super) fn changes(&self, budget: &mut Budget) -> Result<PairChanges, TooLargeError> {
        let needs = || self.inputs.by_requirements(&self.formulas);
        let Some(formula) = self.only_formula() else {
            return Ok(match self.found(&self.inputs, None, budget) {
                Ok(found) => PairChanges { by_requirements: false, found },
                Err(TooLargeError) => {
                    PairChanges { by_requirements: true, found: self.found(&needs(), None, budget)? }
                }
            });
        };
        // Where there are too many ways, they may not matter.
        let ways = formula.and_then(|formula| formula.prime_implicants(&self.inputs.categories, budget).ok());
        let found = self.found(&needs(), ways.as_ref(), budget)?;
        Ok(match self.expanded(&found, ways.as_ref()) {
            Ok(found) => PairChanges { by_requirements: false, found },
            Err(TooLargeError) => PairChanges { by_requirements: true, found },
        })
    }

    /// Returns the one formula whose being satisfied stands for all categories, or none where no policy asks for anything; `None` where
    /// policies ask for different things, or see different states in one consent object.
    fn only_formula(&self) -> Option<Option<&Formula>> {
        let mut asked = self.formulas.iter().flatten();
        let first = asked.next();
        let shapes = &self.inputs.shapes;
        let is_alike = asked.all(|other| Some(other) == first)
            && shapes.iter().all(|shape| shape.states.windows(2).all(|pair| pair.first() == pair.last()));
        is_alike.then_some(first)
    }

    /// Returns what changes, in as few cubes as say it. Of `ways`, each cube that asks for a requirement is as many as it takes to say
    /// whether that is satisfied.
    fn found(
        &self,
        rows: &Inputs,
        ways: Option<&PrimeImplicants>,
        budget: &mut Budget,
    ) -> Result<Vec<ChangedCube>, TooLargeError> {
        let cost = |cube: &Cube, diagrams: &Diagrams| {
            let (one, conditions) = size(cube, diagrams);
            match asked(cube, rows).zip(ways) {
                Some((is_satisfied, ways)) => {
                    let rows = ways.rows(is_satisfied);
                    let own: usize = rows.iter().map(Vec::len).sum();
                    (rows.len(), rows.len() * conditions.saturating_sub(1) + own)
                }
                None => (one, conditions),
            }
        };
        let combinations = rows.combinations(budget)?;
        budget.ask(rows.values(), |diagrams| {
            let mut functions = Vec::new();
            for (which, (policy, _, one)) in self.declared.iter().enumerate() {
                functions.push(function(diagrams, rows, which, policy, one, Used::Stamped)?);
            }
            let events = rows.events(diagrams, &combinations)?;
            let mut found = Vec::new();
            for (transition, condition) in self.transitions(diagrams, rows, &functions)? {
                for cube in cover(diagrams, condition, events, &cost)? {
                    let cube = rows.narrowed(cube, &combinations);
                    let (_, event) = rows.first_event(&cube, &combinations);
                    found.push(ChangedCube { transition: transition.clone(), cube, event });
                }
                if found.len() > MAX_CUBES {
                    return Err(TooLargeError);
                }
            }
            Ok(found)
        })
    }

    /// Returns each way in which decisions change, those that matter most first, and where they do.
    fn transitions(
        &self,
        diagrams: &mut Diagrams,
        rows: &Inputs,
        functions: &[Function],
    ) -> Result<Vec<(Transition, Diagram)>, TooLargeError> {
        let mut texts: Vec<&str> = Vec::new();
        let mut sides = Vec::new();
        for (which, (function, (policy, ..))) in functions.iter().zip(&self.declared).enumerate() {
            sides.push(with_texts(diagrams, rows, (which, policy), function, Used::Stamped, &mut texts)?);
        }
        let decided = |leaf: u32| {
            let reason = reason(leaf % REASONS);
            let text = (leaf / REASONS).checked_sub(1).and_then(|place| texts.get(place as usize));
            Decided { reason, drop_reason: text.map(|text| (*text).to_owned()) }
        };
        let width = REASONS * (texts.len() as u32 + 1);
        let whole = match sides.as_slice() {
            [before, after] => diagrams.join(*before, *after, &|before, after| before * width + after)?,
            [only] => *only,
            _ => return Ok(Vec::new()),
        };
        let mut found = Vec::new();
        for leaf in diagrams.leaves(whole) {
            let (before, after) = match self.presence {
                Presence::Both => (Some(decided(leaf / width)), Some(decided(leaf % width))),
                Presence::Added => (None, Some(decided(leaf))),
                Presence::Removed => (Some(decided(leaf)), None),
            };
            if let Some(transition) = Transition::of(before, after) {
                found.push((transition, diagrams.map(whole, &|other| u32::from(other == leaf))?));
            }
        }
        if let [before, after] = functions {
            let refused = Some(Decided { reason: Reason::Refused, drop_reason: None });
            let transition =
                Transition { direction: Direction::Reason, before: refused.clone(), after: refused };
            found.push((transition, other_refusals(diagrams, rows, before, after)?));
        }
        found.sort_by_key(|(transition, _)| transition.direction);
        Ok(found)
    }

    /// Returns the same cubes over categories instead of whether the requirement is satisfied.
    fn expanded(
        &self,
        found: &[ChangedCube],
        ways: Option<&PrimeImplicants>,
    ) -> Result<Vec<ChangedCube>, TooLargeError> {
        let inputs = &self.inputs;
        let first = inputs.first_category();
        let mut expanded = Vec::new();
        for group in found.chunk_by(|one, other| one.transition == other.transition) {
            let Some(ChangedCube { transition, .. }) = group.first() else { continue };
            let mut cubes = Vec::new();
            for one in group {
                let whole =
                    one.cube.0.iter().copied().take(first).chain(inputs.categories.iter().map(|_| 0b11));
                let whole = Cube(whole.collect());
                match asked(&one.cube, inputs) {
                    None => cubes.push(whole),
                    Some(is_satisfied) => {
                        let with = |row: &Vec<usize>| {
                            let values = 1 << u32::from(is_satisfied);
                            row.iter().fold(whole.clone(), |cube, place| cube.with(first + place, values))
                        };
                        let rows = ways.ok_or(TooLargeError)?.rows(is_satisfied).iter();
                        cubes.extend(rows.map(with));
                    }
                }
                if expanded.len() + cubes.len() > MAX_CUBES {
                    return Err(TooLargeError);
                }
            }
            cubes.sort();
            expanded.extend(cubes.into_iter().map(|cube| {
                let cube = inputs.narrowed(cube, &[]);
                let (_, event) = inputs.first_event(&cube, &[]);
                ChangedCube { transition: transition.clone(), cube, event }
            }));
        }
        Ok(expanded)
    }
}

/// Returns whether a cube asks for the requirement to be satisfied, or not to be; `None` where it does not matter to it.
fn asked(cube: &Cube, inputs: &Inputs) -> Option<bool> {
    let satisfied = inputs.first_category();
    match (cube.has(satisfied, 0), cube.has(satisfied, 1)) {
        (false, true) => Some(true),
        (true, false) => Some(false),
        _ => None,
    }
}

/// How many reasons there are: a leaf of more is a reason and the place of a drop text.
const REASONS: u32 = Reason::ALL.len() as u32;

/// Returns the reason of a policy's decision, the `which`th of the rows, and where it drops the event the text of that.
pub(super) fn with_texts<'p>(
    diagrams: &mut Diagrams,
    rows: &Inputs,
    (which, policy): (usize, &'p Policy),
    function: &Function,
    used: Used,
    texts: &mut Vec<&'p str>,
) -> Result<Diagram, TooLargeError> {
    let mut by_shape = Vec::new();
    for shape in &rows.shapes {
        let state = shape.states.get(which).copied().unwrap_or(ConsentState::Malformed);
        let by_integrations = IntegrationsState::ALL.map(|integrations| {
            let text = |state| policy.reconcile().row(state, integrations).drop_reason();
            let text = match used {
                Used::Stamped => text(state),
                // A drop stays a drop.
                Used::Recorded | Used::Nothing => text(state).or_else(|| text(ConsentState::Answered)),
            };
            text.map_or(Diagram::leaf(0), |text| Diagram::leaf(place_among(texts, text)))
        });
        by_shape.push(diagrams.node(Inputs::INTEGRATIONS, &by_integrations)?);
    }
    let dropped = diagrams.node(Inputs::CONSENT, &by_shape)?;
    diagrams.join(function.reason, dropped, &with_text)
}

/// Returns the leaf of a reason, with the place of its text if it is a drop.
pub(super) fn with_text(leaf: u32, text: u32) -> u32 {
    if reason(leaf) == Reason::Dropped { leaf + REASONS * text } else { leaf }
}

/// Returns the place of a text among some, from 1; the text is one of them then.
pub(super) fn place_among<'t>(texts: &mut Vec<&'t str>, text: &'t str) -> u32 {
    let known = texts.iter().position(|known| *known == text);
    let place = known.unwrap_or_else(|| {
        texts.push(text);
        texts.len() - 1
    });
    place as u32 + 1
}

/// Returns the way in which decisions change from one leaf of a reason and a text to another one.
pub(super) fn direction(before: u32, after: u32) -> Option<Direction> {
    let delivers = |leaf: u32| reason(leaf % REASONS).outcome() == Outcome::Deliver;
    match (delivers(before), delivers(after)) {
        (false, true) => Some(Direction::Loosened),
        (true, false) => Some(Direction::Tightened),
        _ if before != after => Some(Direction::Reason),
        _ => None,
    }
}

/// Returns where both policies refuse, and name other categories.
pub(super) fn other_refusals(
    diagrams: &mut Diagrams,
    rows: &Inputs,
    before: &Function,
    after: &Function,
) -> Result<Diagram, TooLargeError> {
    let mut others = other_names(diagrams, &before.refused, &after.refused)?;
    if let Some(variable) = rows.requirement_var(|one| matches!(one, RequirementVar::OtherNames(_))) {
        let named = diagrams.literal(variable)?;
        others = diagrams.or(others, named)?;
    }
    let refused = |leaf| reason(leaf) == Reason::Refused;
    let both = diagrams
        .join(before.reason, after.reason, &|one, other| u32::from(refused(one) && refused(other)))?;
    diagrams.and(others, both)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use crate::event::Event;
    use std::collections::BTreeSet;

    /// The destination `X` of two policies.
    fn of_x<'p>(old: &'p Policy, new: &'p Policy) -> DestinationPair<'p> {
        let names = CategoryNames::of(&[old, new]);
        DestinationPair::of([old, new].map(|policy| (policy, policy.destination_named("X"))), &names)
    }

    /// One variable in the place of all categories gives as few rows, and as short ones, as all of them would.
    #[test]
    fn requirements_as_one_give_the_fewest_rows_too() {
        let policy = |prelude: &str, needs: &str, more: &str| {
            let text = format!(
                "consentry 1 policy \"p\" include prelude \"{prelude}\" category A category B category C category D \
                 category Z always destination \"X\" {needs} {more}"
            );
            Policy::parse(&text).unwrap()
        };
        let preludes = ["segment", "segment-strict", "segment-2023-overview", "segment-2023-reconcile"];
        let needs = [
            "needs A",
            "needs all of A, B, C",
            "needs any of A, B, C, Z",
            "needs all of A, (any of B, (all of C, D))",
            "needs any of (all of A, B), (all of B, C), (all of A, C)",
            "unmapped",
        ];
        let (mut compared, mut given_up) = (0, 0);
        for needs in needs {
            for (from, to) in preludes.iter().flat_map(|one| preludes.map(|other| (*one, other))) {
                for more in ["", "alias \"Y\"", "exempt", "disabled"] {
                    let (old, new) = (policy(from, needs, ""), policy(to, needs, more));
                    let one = of_x(&old, &new);
                    let all = one.found(&one.inputs, None, &mut Budget::default()).unwrap();
                    let as_one = one.changes(&mut Budget::default()).unwrap().found;
                    let size = |found: &[ChangedCube]| {
                        let conditions = found.iter().map(|found| {
                            let values = found.cube.0.iter().zip(one.inputs.values());
                            values.filter(|(values, count)| values.count_ones() as usize != *count).count()
                        });
                        (found.len(), conditions.sum::<usize>())
                    };
                    // Over all categories the search for the fewest may be given up, and what is left then is not the fewest.
                    assert!(size(&as_one) <= size(&all), "{needs} {more}, {from} -> {to}");
                    given_up += usize::from(size(&as_one) < size(&all));
                    compared += 1;
                }
            }
        }
        assert!(compared == 384 && given_up < 40, "{given_up} of {compared}");
    }

    /// Rows by what a destination needs are those by categories, for every event that both policies read.
    #[test]
    fn rows_by_needs_have_the_same_events() {
        let policy = |prelude: &str, needs: &str| {
            Policy::parse(&format!(
                "consentry 1 policy \"p\" include prelude \"{prelude}\" category A category B category C \
                 category Z always category S unenforced \"x\" destination \"X\" {needs}"
            ))
            .unwrap()
        };
        let needs = [
            "needs A",
            "needs all of A, B",
            "needs any of A, B",
            "needs all of A, (any of B, C)",
            "needs any of (all of A, B), C",
            "needs any of A, Z",
            "needs all of A, Z",
            "needs S",
            "unmapped",
            "exempt",
        ];
        let mut compared = 0;
        for (old, new) in
            [("segment", "segment"), ("segment", "segment-strict"), ("segment-strict", "segment")]
        {
            for (old_needs, new_needs) in needs.iter().flat_map(|one| needs.map(|other| (*one, other))) {
                let (old, new) = (policy(old, old_needs), policy(new, new_needs));
                let one = of_x(&old, &new);
                let inputs = &one.inputs;
                let rows = inputs.by_requirements(&one.formulas);
                let (by_categories, by_requirements) = (
                    one.found(inputs, None, &mut Budget::default()).unwrap(),
                    one.found(&rows, None, &mut Budget::default()).unwrap(),
                );
                let mut values = vec![0; inputs.values().len()];
                loop {
                    let (event, reading) = inputs.event(&values).unwrap();
                    let text = event.to_json(&reading);
                    let read = |policy: &Policy| {
                        Event::read(text.as_bytes(), policy.reading(), &crate::Limits::default()).unwrap()
                    };
                    let (as_old, as_new) = (read(&old), read(&new));
                    let directions = |found: &[ChangedCube], inputs: &Inputs| -> BTreeSet<Direction> {
                        let values = inputs.values_of(&[&as_old, &as_new]).unwrap();
                        let has = found.iter().filter(|one| one.cube.contains(&values));
                        has.map(|one| one.transition.direction).collect()
                    };
                    let expected = directions(&by_categories, inputs);
                    assert_eq!(
                        directions(&by_requirements, &rows),
                        expected,
                        "{text}: {old_needs} -> {new_needs}"
                    );
                    compared += 1;
                    // The next point, of all but the entries of the destination, which have nothing to do with what it needs.
                    let Some(next) = (0..values.len())
                        .filter(|variable| *variable != Inputs::FIRST_NAME)
                        .find(|variable| values[*variable] + 1 < inputs.values()[*variable])
                    else {
                        break;
                    };
                    values[next] += 1;
                    values[..next].iter_mut().for_each(|value| *value = 0);
                }
                // The first event of each row is in it, by categories too.
                for found in &by_requirements {
                    let is_in = |one: &&ChangedCube| {
                        one.transition == found.transition && one.cube.contains(&found.event)
                    };
                    assert!(by_categories.iter().any(|one| is_in(&one)), "{old_needs} -> {new_needs}");
                }
            }
        }
        assert!(compared > 20_000, "{compared}");
    }
}
