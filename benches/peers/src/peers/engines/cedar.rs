//! Cedar: one policy for all destinations, which are entities with what they need; one request for each destination.

use super::{Engine, Extracted};
use crate::workload::{Catalogue, Destination};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use std::collections::{HashMap, HashSet};

const POLICY: &str = r#"
permit (principal, action == Action::"deliver", resource)
when {
    (!context.enforced || context.granted.containsAll(resource.needs))
        && !context.off.contains(resource.name)
        && (context.all || context.on.contains(resource.name))
};
"#;

pub(super) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    person: EntityUid,
    deliver: EntityUid,
    destinations: Vec<EntityUid>,
}

impl Cedar {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let destinations: Vec<EntityUid> =
            catalogue.destinations.iter().map(|destination| uid("Destination", &destination.name)).collect();
        let entity = |(uid, destination): (&EntityUid, &Destination)| {
            let needs = destination.needs.iter().map(|category| catalogue.categories[*category].as_str());
            let attributes = HashMap::from([
                ("name".to_owned(), text(&destination.name)),
                ("needs".to_owned(), set(needs)),
            ]);
            Entity::new(uid.clone(), attributes, HashSet::new()).expect("attributes are values")
        };
        let entities = destinations.iter().zip(&catalogue.destinations).map(entity);
        Cedar {
            authorizer: Authorizer::new(),
            policies: POLICY.parse().expect("the policy is Cedar"),
            entities: Entities::from_entities(entities, None).expect("each destination has one name"),
            person: uid("Person", "somebody"),
            deliver: uid("Action", "deliver"),
            destinations,
        }
    }
}

impl Engine for Cedar {
    type Input = Vec<Request>;

    fn input(&self, extracted: &Extracted<'_>) -> Vec<Request> {
        let Extracted { enforced, granted, on, off, all } = extracted;
        let context = Context::from_pairs([
            ("enforced".to_owned(), RestrictedExpression::new_bool(*enforced)),
            ("granted".to_owned(), set(granted.iter().copied())),
            ("on".to_owned(), set(on.iter().copied())),
            ("off".to_owned(), set(off.iter().copied())),
            ("all".to_owned(), RestrictedExpression::new_bool(*all)),
        ])
        .expect("keys are different");
        let request = |destination: &EntityUid| {
            Request::new(
                self.person.clone(),
                self.deliver.clone(),
                destination.clone(),
                context.clone(),
                None,
            )
            .expect("there is no schema to differ from")
        };
        self.destinations.iter().map(request).collect()
    }

    fn decide(&mut self, requests: &Vec<Request>) -> u64 {
        requests.iter().enumerate().fold(0, |bits, (number, request)| {
            let answer = self.authorizer.is_authorized(request, &self.policies, &self.entities);
            bits | u64::from(answer.decision() == Decision::Allow) << number
        })
    }
}

fn uid(kind: &str, name: &str) -> EntityUid {
    let kind: EntityTypeName = kind.parse().expect("the name of a type");
    EntityUid::from_type_name_and_id(kind, EntityId::new(name))
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn set<'n>(names: impl Iterator<Item = &'n str>) -> RestrictedExpression {
    RestrictedExpression::new_set(names.map(text))
}
