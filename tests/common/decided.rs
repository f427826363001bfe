//! An event, decided in every way that the library has.

use consentry::event::InstructionSet;
use consentry::{Event, Input, Limits, Policy, Reason, Table, Validation, reference};

/// The consent state of an event, and why each destination receives it or not: by every reader, the table and the reference.
pub(crate) fn decided(policy: &Policy, line: &str) -> (String, Vec<Reason>) {
    let event = Event::read(line.as_bytes(), policy.reading(), &Limits::default()).unwrap();
    let explained = policy.destination_ids().map(|id| reference::explain(policy, &event, id).unwrap());
    let expected: Vec<Reason> = explained.map(|one| one.verdict.reason()).collect();
    for instructions in InstructionSet::available() {
        let table = Table::new(policy.clone()).with_instructions(instructions);
        assert_eq!(table.read(line.as_bytes(), &Limits::default()).unwrap(), event, "{line}");
        let mut scratch = table.scratch();
        // Thrice, so that what repeats is remembered.
        for validation in [Validation::Full, Validation::Trusted, Validation::Full] {
            let input = Input::line(line.as_bytes()).validation(validation);
            let decision = table.decide(input, &mut scratch).unwrap();
            assert_eq!(decision.consent(), event.consent.state(), "{line}");
            let reasons: Vec<Reason> = decision.verdicts().map(|(_, verdict)| verdict.reason()).collect();
            assert_eq!(reasons, expected, "{line}");
        }
    }
    (event.consent.state().to_string(), expected)
}
