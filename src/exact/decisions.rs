//! The decision for one destination in every situation at once.

use super::diagram::Diagrams;
use super::function::{Function, function, reason};
use super::inputs::{ALL, ENTRIES, Inputs};
use super::space::Situation;
use crate::event::{Entry, Preference};
use crate::fingerprint::TooLarge;
use crate::model::{CategoryId, DestinationId, IntegrationsState, Policy};
use crate::reason::Reason;
use crate::verdict::Verdict;
use std::collections::HashMap;

/// The decision for one destination in every situation at once: exact also where there are too many to list.
///
/// ```
/// use consentry::Policy;
/// use consentry::exact::{Decisions, Space};
///
/// // Forty categories have more situations than fit into a list.
/// let categories: String = (0..40).map(|number| format!("category C{number} ")).collect();
/// let names: Vec<String> = (0..40).map(|number| format!("C{number}")).collect();
/// let text = format!(
///     r#"consentry 1 policy "p" include prelude "segment" {categories} destination "X" needs {}"#,
///     names.join(", ")
/// );
/// let policy = Policy::parse(&text)?;
/// let id = policy.destination_named("X").unwrap();
/// let decisions = Decisions::new(&policy, id).unwrap().unwrap();
/// let situation = Space::full(&policy, id).unwrap().sample(7);
/// assert!(!decisions.verdict(&situation).reason().word().is_empty());
/// # Ok::<(), consentry::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct Decisions<'p> {
    inputs: Inputs,
    diagrams: Diagrams,
    function: Function,
    /// The own name of the destination.
    name: &'p str,
    categories: HashMap<&'p str, CategoryId>,
    /// The categories of its situations, in declaration order.
    needs: Vec<&'p str>,
}

impl<'p> Decisions<'p> {
    /// Of a destination; `None` for one that the policy does not have.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] for a requirement whose decision has no diagram of reasonable size.
    pub fn new(policy: &'p Policy, destination: DestinationId) -> Result<Option<Self>, TooLarge> {
        let Some(declared) = policy.destination(destination) else { return Ok(None) };
        let inputs = Inputs::of(&[(policy, destination)]);
        let mut diagrams = Diagrams::new(inputs.values())?;
        let function = function(&mut diagrams, &inputs, 0, policy, declared)?;
        let mut needs: Vec<CategoryId> = declared.category_uses().iter().map(|used| used.value).collect();
        needs.sort_unstable();
        needs.dedup();
        let needs = needs.into_iter().filter_map(|id| policy.category(id)).map(|one| one.wire_id()).collect();
        let categories =
            policy.category_ids().zip(policy.categories()).map(|(id, one)| (one.wire_id(), id)).collect();
        Ok(Some(Decisions { inputs, diagrams, function, name: declared.name(), categories, needs }))
    }

    /// The verdict in a situation of the destination's [`Space`](crate::exact::Space).
    pub fn verdict(&self, situation: &Situation) -> Verdict {
        let values = self.values(situation);
        let reason = reason(self.diagrams.at(self.function.reason, &values));
        let mut refused: Vec<CategoryId> = Vec::new();
        if reason == Reason::Refused {
            let named =
                self.function.refused.iter().filter(|(_, named)| self.diagrams.at(**named, &values) == 1);
            refused.extend(named.filter_map(|(wire_id, _)| self.categories.get(wire_id.as_str())));
            refused.sort_unstable();
        }
        Verdict::new(reason, refused)
    }

    /// A value of each variable. The entry is the one under the destination's own name.
    fn values(&self, situation: &Situation) -> Vec<usize> {
        let mut values = vec![0; self.inputs.values().len()];
        let mut set = |variable: usize, value: Option<usize>| {
            if let (Some(place), Some(value)) = (values.get_mut(variable), value) {
                *place = value;
            }
        };
        let shapes = &self.inputs.shapes;
        set(Inputs::CONSENT, shapes.iter().position(|shape| shape.states == [situation.consent]));
        let integrations = situation.integrations;
        set(Inputs::INTEGRATIONS, IntegrationsState::ALL.iter().position(|state| *state == integrations));
        set(Inputs::EXEMPT_EVENT, Some(usize::from(situation.exempt_event)));
        let name = self.inputs.names.iter().position(|name| name == self.name).unwrap_or(0);
        set(Inputs::FIRST_NAME + name, ENTRIES.iter().position(|entry| *entry == situation.entry));
        let all = situation.all.filter(|all| *all != Entry::On);
        set(self.inputs.all_entry(), ALL.iter().position(|entry| *entry == all));
        for (wire_id, preference) in self.needs.iter().zip(&situation.preferences) {
            if let Some(variable) = self.inputs.category(wire_id) {
                set(variable, Some(usize::from(*preference == Preference::Granted)));
            }
        }
        values
    }
}
