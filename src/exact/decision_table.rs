//! The complete decision table of destinations, as few rows as say it, for people to read.
//!
//! Rows stand in blocks of states: all pairs of a block decide alike. In a block one fact after the other is asked for, so that each
//! event is in exactly one row of a table. One fact stands for all categories, whether what the destination needs is granted,
//! and one for the entries under all of its names, of which "`off` wins, then `on`"; so destinations that differ only in
//! names and needs share a table.

use super::cases::{Cases, InputCases, of_event};
use super::conditions::at;
use super::diagram::MAX_STEPS;
use super::equivalence::EquivalenceClass;
use super::formula::Formula;
use super::function::DecisionFunction;
use super::grouping::grouped;
use super::inputs::{self, ALL, ENTRIES, Inputs, place_of};
use super::overlap::Wired;
use crate::event::{Entry, Event, Preference};
use crate::fingerprint::TooLargeError;
use crate::model::{ConsentState, Destination, DestinationId, IntegrationsState, InvalidEntries, Policy};
use crate::reason::Reason;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The decisions for some destinations, in every situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionTable {
    /// The destinations, in declaration order.
    pub destinations: Vec<DestinationId>,
    /// The blocks, in the order of the states.
    pub blocks: Vec<TableBlock>,
}

/// Pairs of states that decide alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableBlock {
    /// The states of the consent object.
    pub consent: Vec<ConsentState>,
    /// The states of the integrations object.
    pub integrations: Vec<IntegrationsState>,
    /// The inputs of the event.
    pub inputs: InputCases,
    /// The rows. An event in the block is in exactly one of them.
    pub rows: Vec<TableRow>,
}

/// The facts of an event next to its states, and the decision. A fact that is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRow {
    /// True if the event is exempt.
    pub exempt_event: Option<bool>,
    /// True if preferences are given and satisfy the requirement.
    pub need: Option<bool>,
    /// The entries that those under the destination's names come to; `None` for unlisted.
    pub entry: Option<Vec<Option<Entry>>>,
    /// The entries that `All` may be; `None` for unlisted and on.
    pub all: Option<Vec<Option<Entry>>>,
    /// Why the destination receives the event, or does not. A refusal names the categories of [`TableBlock::refused`].
    pub reason: Reason,
    /// Why the event is dropped, if that is the reason.
    pub drop_reason: Option<String>,
}

/// Returns the tables of some destinations: those with the same one share it.
///
/// # Errors
///
/// [`TooLargeError`] where a decision has no diagram of reasonable size.
///
/// ```
/// use consentry::Policy;
/// use consentry::exact::decision_tables;
///
/// let policy = Policy::parse(
///     r#"consentry 1 policy "p" include prelude "segment-strict" category A category B
///        destination "Braze" needs A destination "Slack" needs B destination "Zendesk" unmapped"#
/// )?;
/// let tables = decision_tables(&policy, policy.destination_ids()).unwrap();
/// let shared: Vec<usize> = tables.iter().map(|table| table.destinations.len()).collect();
/// assert_eq!(shared, [2, 1]);
/// # Ok::<(), consentry::PolicyError>(())
/// ```
pub fn decision_tables(
    policy: &Policy,
    destinations: impl IntoIterator<Item = DestinationId>,
) -> Result<Vec<DecisionTable>, TooLargeError> {
    let mut cases = Cases::new(&[policy]);
    // The cells of each class in each case of the inputs.
    let mut known: HashMap<(usize, EquivalenceClass<Option<bool>>), usize> = HashMap::new();
    let mut cells: Vec<Vec<DecidedCell>> = Vec::new();
    // The place of the table of destinations that are decided by the same cells. Others may share it.
    let mut known_tables: HashMap<Vec<DecidedCase>, usize> = HashMap::new();
    let mut tables: Vec<DecisionTable> = Vec::new();
    for id in destinations {
        let mut own = Vec::new();
        let mut requirements = Vec::new();
        for case in cases.of(Some(&[&[id]]), &[])? {
            let Some((given, destination)) = case.policy().and_then(|one| Some((one, one.destination(id)?)))
            else {
                continue;
            };
            let class = (case.key(), EquivalenceClass::by_outcomes(given, destination));
            let place = match known.entry(class) {
                Occupied(known) => *known.get(),
                Vacant(place) => {
                    cells.push(decided_cells(given, id, destination)?);
                    *place.insert(cells.len() - 1)
                }
            };
            let formula = Formula::of_destination(destination, given);
            let requirement = requirements.iter().position(|known| *known == formula);
            let requirement = requirement.unwrap_or_else(|| {
                requirements.push(formula);
                requirements.len() - 1
            });
            own.push(DecidedCase { inputs: case.inputs, cells: place, requirement });
        }
        if own.is_empty() {
            continue;
        }
        let place = match known_tables.entry(own) {
            Occupied(known) => *known.get(),
            Vacant(place) => {
                let blocks =
                    blocks(place.key().iter().filter_map(|case| Some((case, cells.get(case.cells)?))));
                let same = tables.iter().position(|table| table.blocks == blocks);
                *place.insert(same.unwrap_or_else(|| {
                    tables.push(DecisionTable { destinations: Vec::new(), blocks });
                    tables.len() - 1
                }))
            }
        };
        tables.get_mut(place).into_iter().for_each(|table| table.destinations.push(id));
    }
    Ok(tables)
}

/// The state of the consent object and that of the integrations object.
type States = (ConsentState, IntegrationsState);

/// A pair of states with its rows.
type DecidedCell = (States, Vec<TableRow>);

/// A case of the inputs, as a destination is decided in it.
#[derive(PartialEq, Eq, Hash)]
struct DecidedCase {
    inputs: InputCases,
    /// The place of its cells among those of all cases.
    cells: usize,
    /// The place of what it needs among the different requirements of the destination.
    requirement: usize,
}

/// The rows of a cell, and the requirement whose categories a refusal in them names.
type DecidedRows<'c> = (&'c Vec<TableRow>, Option<usize>);

/// Returns the cells of some cases as few blocks. Cases that decide a cell alike are one.
fn blocks<'c>(cases: impl Iterator<Item = (&'c DecidedCase, &'c Vec<DecidedCell>)>) -> Vec<TableBlock> {
    // For each cell its different rows, with the cases that have them.
    let mut cells: Vec<(States, Vec<(InputCases, DecidedRows<'c>)>)> = Vec::new();
    for (DecidedCase { inputs, requirement, .. }, decided) in cases {
        for (cell, rows) in decided {
            let refuses = rows.iter().any(|row| row.reason == Reason::Refused);
            let rows = (rows, Some(*requirement).filter(|_| refuses));
            let place = cells.iter().position(|(known, _)| known == cell).unwrap_or_else(|| {
                cells.push((*cell, Vec::new()));
                cells.len() - 1
            });
            let Some((_, own)) = cells.get_mut(place) else { continue };
            match own.iter_mut().find(|(_, known)| *known == rows) {
                Some((known, _)) => known.add(inputs.clone()),
                None => own.push((inputs.clone(), rows)),
            }
        }
    }
    let decided = cells.into_iter().flat_map(|(cell, own)| own.into_iter().map(move |rows| (cell, rows)));
    let grouped = grouped(decided);
    let mut blocks: Vec<TableBlock> =
        grouped.iter().flat_map(|(cells, (inputs, (rows, _)))| fewest_blocks(cells, inputs, rows)).collect();
    blocks.sort_by_key(|block| (block.consent.first().copied(), block.integrations.first().copied()));
    blocks
}

/// The variables that rows ask for beside the states, by their places among the condensed inputs.
const EXEMPT_EVENT: usize = Inputs::EVENT;
const ENTRY: usize = Inputs::FIRST_NAME;
const ALL_ENTRY: usize = ENTRY + 1;
const NEED: usize = ALL_ENTRY + 1;

/// Their values, in the order in which people read them.
const VARIABLES: [(usize, &[usize]); 4] =
    [(EXEMPT_EVENT, &[0, 1]), (NEED, &[1, 0]), (ENTRY, &[1, 2, 0, 3]), (ALL_ENTRY, &[0, 1, 2])];

/// The values that some variables may have, and the reason then.
type Path = (Vec<(usize, Vec<usize>)>, Reason);

fn decided_cells(
    policy: &Policy,
    id: DestinationId,
    destination: &Destination,
) -> Result<Vec<DecidedCell>, TooLargeError> {
    let formula = Formula::of_destination(destination, policy);
    let inputs = Inputs::of(&[(policy, id)]).condensed(destination.name(), formula.as_ref());
    let decision = DecisionFunction::over(inputs, MAX_STEPS, policy, destination)?;
    let inputs = &decision.inputs;
    let has_exempt_events = !inputs.named_events.is_empty();
    let mut decided = Vec::new();
    for consent in policy.reading().states() {
        let Some(shape) = inputs.shape(&[consent]) else { continue };
        for (place, integrations) in IntegrationsState::ALL.into_iter().enumerate() {
            let at = |values: &[(usize, usize)]| {
                let states = [(Inputs::CONSENT, shape), (Inputs::INTEGRATIONS, place)];
                decision.reason(&inputs.point(states.into_iter().chain(values.iter().copied())))
            };
            let variables =
                VARIABLES.into_iter().filter(|(variable, _)| *variable != EXEMPT_EVENT || has_exempt_events);
            // An entry `All` that cannot be read makes the object malformed.
            let variables = variables.map(|(variable, values)| match variable {
                ALL_ENTRY if inputs.all_is_boolean => (variable, &[0, 1][..]),
                _ => (variable, values),
            });
            let paths = fewest(&variables.collect::<Vec<_>>(), &at);
            let drop_reason = policy.reconcile().row(consent, integrations).drop_reason();
            let rows: Vec<TableRow> = paths.iter().map(|path| row(path, drop_reason)).collect();
            decided.push(((consent, integrations), rows));
        }
    }
    Ok(decided)
}

/// Returns the fewest blocks of pairs of states with the same decisions. No two blocks share a pair.
fn fewest_blocks(cells: &[States], inputs: &InputCases, rows: &[TableRow]) -> Vec<TableBlock> {
    let by_consent = rectangles(cells);
    let turned: Vec<_> = cells.iter().map(|(consent, integrations)| (*integrations, *consent)).collect();
    let turned = rectangles(&turned).into_iter().map(|(integrations, consent)| (consent, integrations));
    let by_integrations: Vec<_> = turned.collect();
    let fewest = if by_consent.len() <= by_integrations.len() { by_consent } else { by_integrations };
    let block = |(consent, integrations)| TableBlock {
        consent,
        integrations,
        inputs: inputs.clone(),
        rows: rows.to_vec(),
    };
    fewest.into_iter().map(block).collect()
}

/// Returns the row of a path.
fn row((conditions, reason): &Path, drop_reason: Option<&str>) -> TableRow {
    let values =
        |wanted| conditions.iter().find(|(variable, _)| *variable == wanted).map(|(_, values)| values);
    let is_one = |wanted| values(wanted).map(|values| values.contains(&1));
    let entries = |wanted, all: &[Option<Entry>]| values(wanted).map(|values| at(all, values));
    TableRow {
        exempt_event: is_one(EXEMPT_EVENT),
        need: is_one(NEED),
        entry: entries(ENTRY, &ENTRIES),
        all: entries(ALL_ENTRY, &ALL),
        reason: *reason,
        drop_reason: drop_reason.filter(|_| *reason == Reason::Dropped).map(str::to_owned),
    }
}

/// Pairs as rectangles: first parts that stand beside the same second parts, and these.
fn rectangles<A: Copy + Ord, B: Copy + Ord>(cells: &[(A, B)]) -> Vec<(Vec<A>, Vec<B>)> {
    let firsts: BTreeSet<A> = cells.iter().map(|(first, _)| *first).collect();
    let seconds = |first| -> BTreeSet<B> {
        cells.iter().filter(|(own, _)| *own == first).map(|(_, second)| *second).collect()
    };
    let groups = grouped(firsts.into_iter().map(|first| (first, seconds(first))));
    groups.into_iter().map(|(firsts, seconds)| (firsts, seconds.into_iter().collect())).collect()
}

/// Returns the paths for the order of the variables that gives the fewest, and with the fewest conditions; the natural order before others.
fn fewest(variables: &[(usize, &[usize])], at: &impl Fn(&[(usize, usize)]) -> Reason) -> Vec<Path> {
    let mut best: Option<Vec<Path>> = None;
    let size =
        |paths: &[Path]| (paths.len(), paths.iter().map(|(conditions, _)| conditions.len()).sum::<usize>());
    for order in orders(variables) {
        let paths = paths(&order, &mut Vec::new(), at);
        if best.as_ref().is_none_or(|best| size(&paths) < size(best)) {
            best = Some(paths);
        }
    }
    best.unwrap_or_default()
}

/// Every order of a few things, the given one first.
fn orders<T: Copy>(all: &[T]) -> Vec<Vec<T>> {
    if all.is_empty() {
        return vec![Vec::new()];
    }
    let mut orders = Vec::new();
    for (place, first) in all.iter().enumerate() {
        let rest: Vec<T> =
            all.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, one)| *one).collect();
        orders.extend(self::orders(&rest).into_iter().map(|rest| [*first].into_iter().chain(rest).collect()));
    }
    orders
}

/// Asks for one variable after the other: values that decide alike are one, and a variable whose values all do is not asked for.
fn paths(
    order: &[(usize, &[usize])],
    fixed: &mut Vec<(usize, usize)>,
    at: &impl Fn(&[(usize, usize)]) -> Reason,
) -> Vec<Path> {
    let Some(((variable, values), rest)) = order.split_first() else { return vec![(Vec::new(), at(fixed))] };
    let groups = grouped(values.iter().map(|value| {
        fixed.push((*variable, *value));
        let own = paths(rest, fixed, at);
        fixed.pop();
        (*value, own)
    }));
    if let [(_, own)] = groups.as_slice() {
        return own.clone();
    }
    let with = |(values, paths): (Vec<usize>, Vec<Path>)| {
        paths.into_iter().map(move |(mut conditions, reason)| {
            conditions.push((*variable, values.clone()));
            (conditions, reason)
        })
    };
    groups.into_iter().flat_map(with).collect()
}

impl TableBlock {
    /// Returns the wire ids that a refusal in one of its rows names, by the wire ids that are granted: those that are not, in groups that
    /// are not satisfied.
    pub fn refused(
        &self,
        policy: &Policy,
        destination: &Destination,
        granted: &impl Fn(&str) -> bool,
    ) -> BTreeSet<String> {
        let refused = |policy: &Policy, destination: &Destination| {
            Formula::of_destination(destination, policy).map(|formula| formula.refused(granted))
        };
        if !policy.has_conditions() {
            return refused(policy, destination).unwrap_or_default();
        }
        let of_case = self.inputs.given(policy);
        let id = of_case.destination_named(destination.name());
        let own = id.and_then(|id| of_case.destination(id));
        own.and_then(|own| refused(&of_case, own)).unwrap_or_default()
    }
}

impl DecisionTable {
    /// Returns the rows that an event is in, for one of the destinations. That is always one.
    pub fn rows_of<'t>(
        &'t self,
        policy: &Policy,
        destination: &Destination,
        event: &Event<'_>,
    ) -> impl Iterator<Item = (&'t TableBlock, &'t TableRow)> {
        let given = of_event(policy, event);
        let policy = &*given;
        let own = policy.destination_named(destination.name()).and_then(|id| policy.destination(id));
        let destination = own.unwrap_or(destination);
        let has_inputs: Vec<bool> = self.blocks.iter().map(|block| block.inputs.has(policy, event)).collect();
        let (consent, integrations) = (event.consent.state(), event.integrations.state());
        let is_exempt = event
            .track
            .as_ref()
            .is_some_and(|track| policy.exempt_events().value.iter().any(|name| *track == *name.value));
        let listed = event.consent.preferences().iter();
        let listed: Vec<(&str, Preference)> = listed
            .filter_map(|(name, value)| Some((std::str::from_utf8(name.as_bytes()).ok()?, *value)))
            .collect();
        let granted = |key: &str| {
            let wired = policy.category_of_key(key).map(Wired::of);
            wired
                .is_some_and(|wired| wired.is_granted_by(listed.iter().copied(), policy.reading().unlisted()))
        };
        let formula = Formula::of_destination(destination, policy);
        let need = formula.is_none_or(|formula| formula.is_satisfied(&granted));
        let names: HashSet<&[u8]> = destination.names().map(str::as_bytes).collect();
        let entry = entry(policy, event, |name| names.contains(name));
        let all = entry_of_all(policy, event);
        let blocks = self.blocks.iter().zip(has_inputs).filter(move |(block, has_inputs)| {
            *has_inputs && block.consent.contains(&consent) && block.integrations.contains(&integrations)
        });
        let blocks = blocks.map(|(block, _)| block);
        blocks.flat_map(|block| block.rows.iter().map(move |row| (block, row))).filter(move |(_, row)| {
            row.exempt_event.is_none_or(|one| one == is_exempt)
                && row.need.is_none_or(|one| one == need)
                && row.entry.as_ref().is_none_or(|values| values.contains(&entry))
                && row.all.as_ref().is_none_or(|values| values.contains(&all))
        })
    }

    /// Returns an event in a row of one of its blocks, as JSON, for one of the destinations.
    pub fn witness(policy: &Policy, id: DestinationId, block: &TableBlock, row: &TableRow) -> Option<String> {
        Witnesses::of(policy, id)?.in_row(block, row)
    }
}

/// The events in the rows of a destination's table.
pub(crate) struct Witnesses<'p> {
    policy: &'p Policy,
    id: DestinationId,
    /// Of events that may have any inputs.
    of_all: OfCase,
}

/// The events of one case of the inputs.
struct OfCase {
    inputs: Inputs,
    /// The place of the destination's own name among those of the inputs.
    own: usize,
}

impl<'p> Witnesses<'p> {
    pub(crate) fn of(policy: &'p Policy, id: DestinationId) -> Option<Self> {
        Some(Witnesses { policy, id, of_all: OfCase::of(policy, id)? })
    }

    /// Returns an event in a row of a block, as JSON.
    pub(crate) fn in_row(&self, block: &TableBlock, row: &TableRow) -> Option<String> {
        if !self.policy.has_conditions() {
            return self.of_all.in_row(block, row);
        }
        OfCase::of(&block.inputs.given(self.policy), self.id)?.in_row(block, row)
    }
}

impl OfCase {
    fn of(policy: &Policy, id: DestinationId) -> Option<Self> {
        let inputs = Inputs::of(&[(policy, id)]);
        let name = policy.destination(id)?.name();
        let own = inputs.names.iter().position(|one| one == name)?;
        Some(OfCase { inputs, own })
    }

    fn in_row(&self, block: &TableBlock, row: &TableRow) -> Option<String> {
        let OfCase { inputs, own } = self;
        let state = block.consent.first()?;
        let first = |all: &[_], values: &Option<Vec<Option<Entry>>>| {
            values.as_ref().and_then(|values| values.first()).map_or(0, |entry| place_of(all, entry))
        };
        let need = usize::from(row.need == Some(true));
        let facts = [
            (Inputs::CONSENT, inputs.shape(&[*state])?),
            (Inputs::INTEGRATIONS, place_of(&IntegrationsState::ALL, block.integrations.first()?)),
            (Inputs::EVENT, usize::from(row.exempt_event == Some(true))),
            (Inputs::FIRST_NAME + own, first(&ENTRIES, &row.entry)),
            (inputs.all_entry(), first(&ALL, &row.all)),
        ];
        let categories = (0..inputs.categories.len()).map(|place| (inputs.first_category() + place, need));
        let (event, reading) = inputs.event(&inputs.point(facts.into_iter().chain(categories)))?;
        Some(event.to_json(&reading))
    }
}

/// "Among duplicate keys and among the names of one destination `off` wins, then `on`." One that cannot be read is told from them
/// as long as it decides nothing.
fn entry(policy: &Policy, event: &Event<'_>, is_own: impl Fn(&[u8]) -> bool) -> Option<Entry> {
    let invalid_is_off = policy.invalid_entries().value == InvalidEntries::Off;
    match inputs::entry(event, is_own) {
        (_, true) if invalid_is_off => Some(Entry::Invalid),
        (own, _) => own,
    }
}

/// Returns the entry of `All`, for which on and unlisted are one.
fn entry_of_all(policy: &Policy, event: &Event<'_>) -> Option<Entry> {
    entry(policy, event, |name| name == b"All").filter(|entry| *entry != Entry::On)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]
mod tests {
    use super::*;
    use crate::exact::cover::{cover, size};
    use crate::exact::diagram::Diagram;

    /// No list of rows that keeps to the blocks is shorter, even where an event may be in several rows.
    #[test]
    fn rows_are_the_fewest() {
        let mut compared = 0;
        for prelude in ["segment", "segment-strict", "segment-2023-overview", "segment-2023-reconcile"] {
            for more in
                ["needs A", "needs A kind warehouse", "unmapped", "exempt", "unmapped disabled", "needs Z"]
            {
                let policy = Policy::parse(&format!(
                    "consentry 1 policy \"p\" include prelude \"{prelude}\" category A category Z always destination \"X\" {more}"
                ))
                .unwrap();
                let id = policy.destination_named("X").unwrap();
                let destination = policy.destination(id).unwrap();
                let formula = Formula::of_destination(destination, &policy);
                let inputs = Inputs::of(&[(&policy, id)]).condensed("X", formula.as_ref());
                let decision = DecisionFunction::over(inputs, MAX_STEPS, &policy, destination).unwrap();
                let DecisionFunction { inputs, mut diagrams, function, .. } = decision;
                for block in &decision_tables(&policy, [id]).unwrap()[0].blocks {
                    // What the block's first pair decides.
                    let shape =
                        inputs.shapes.iter().position(|shape| shape.states[0] == block.consent[0]).unwrap();
                    let state =
                        IntegrationsState::ALL.iter().position(|one| *one == block.integrations[0]).unwrap();
                    let cell = diagrams.child(function.reason, Inputs::CONSENT, shape);
                    let cell = diagrams.child(cell, Inputs::INTEGRATIONS, state);
                    let mut fewest = 0;
                    for (place, _) in Reason::ALL.iter().enumerate() {
                        let condition =
                            diagrams.map(cell, &|leaf| u32::from(leaf as usize == place)).unwrap();
                        fewest += cover(&mut diagrams, condition, Diagram::TRUE, &size).unwrap().len();
                    }
                    assert_eq!(block.rows.len(), fewest, "{prelude} {more} {block:?}");
                    compared += fewest;
                }
            }
        }
        assert!(compared > 200, "{compared}");
    }
}
