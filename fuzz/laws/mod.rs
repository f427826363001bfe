//! Laws as plain functions: the fuzz targets call them with bytes that a fuzzer chose, `tests/laws.rs` with bytes from a
//! seed. Each takes what it needs from the bytes, panics where the law is broken, and says how much it compared.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a law that is broken panics"
)]

mod batches;
mod checks;
pub mod events;
pub mod exact;
pub mod flips;
mod foreign;
mod gates;
pub mod layouts;
mod ledger;
pub mod lints;
mod mutations;
pub mod policies;
pub mod tests;
pub mod visits;

use arbitrary::{Result, Unstructured};
use consentry::diagnostic::Diagnostic;
use consentry::event::{Consent, Entry, InstructionSet, Integrations, Preference, Recorded};
use consentry::exact::{Situation, Space, certify};
use consentry::format::FormatError;
use consentry::model::{NonBooleanAll, Reading, RouterKnows};
use consentry::source::Memory;
use consentry::syntax::Tree;
use consentry::{
    Decision, Event, Input, Limits, Outcome, Policy, Reason, Scratch, Table, Validation, lint, reference,
};
use events::EventText;
use policies::PolicyText;
use std::collections::{BTreeMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

/// A law, its name, and how often it is tried for each try of the slowest one.
pub type Law = (&'static str, fn(&mut Unstructured) -> Result<u64>, u64);

/// Gives every law to a macro: its name, its function, and how often it is tried.
macro_rules! each_law {
    ($to:ident) => {
        $to! {
            table_equals_reference: table_equals_reference, 1;
            certified: certified, 1;
            order_of_keys: order_of_keys, 5;
            order_of_statements: order_of_statements, 5;
            unknown_key_beside_others: unknown_key_beside_others, 5;
            granting_never_blocks: granting_never_blocks, 5;
            situations_are_events: situations_are_events, 2;
            policy_bytes: policy_bytes, 5;
            policy_mutations: policy_mutations, 5;
            event_bytes: event_bytes, 5;
            events_read_alike: events_read_alike, 5;
            a_router_obeys: a_router_obeys, 1;
            repeated_all_is_obeyed: repeated_all_is_obeyed, 1;
            batches_are_their_items: batches::batches_are_their_items, 5;
            readers_agree: readers_agree, 1;
            readers_agree_on_bytes: readers_agree_on_bytes, 5;
            mutated_events_read_alike: mutations::mutated_events_read_alike, 1;
            formatting_keeps_the_meaning: formatting_keeps_the_meaning, 2;
            functions_equal_the_reference: exact::functions_equal_the_reference, 1;
            fingerprints_tell_policies_apart: exact::fingerprints_tell_policies_apart, 2;
            diffs_are_exact: exact::diffs_are_exact, 2;
            lint_tells_the_truth: lints::lint_tells_the_truth, 2;
            fixes_keep_the_meaning: lints::fixes_keep_the_meaning, 3;
            tables_are_complete: exact::tables_are_complete, 1;
            promises_are_decided: exact::promises_are_decided, 10;
            flips_flip: flips::flips_flip, 1;
            pairs_differ_as_fingerprints: exact::pairs_differ_as_fingerprints, 1;
            visits_lose_nothing: visits::visits_lose_nothing, 1;
            gates_are_functions: gates::gates_are_functions, 20;
            preference_events_pass: gates::preference_events_pass, 5;
            exempting_changes_no_gate: gates::exempting_changes_no_gate, 5;
            gates_differ_as_events_do: gates::gates_differ_as_events_do, 4;
            ledgers_remember: ledger::ledgers_remember, 20;
            ledger_readers_agree: ledger::ledger_readers_agree, 20;
            joining_is_a_lattice: ledger::joining_is_a_lattice, 50;
            checks_do_what_is_said: ledger::checks_do_what_is_said, 10;
            tests_hold_for_what_is_decided: tests::tests_hold_for_what_is_decided, 5;
            checked_promises_are_decided: checks::checked_promises_are_decided, 5;
            changed_checks_are_compared: checks::changed_checks_are_compared, 20;
        }
    };
}

macro_rules! list {
    ($($name:ident: $law:path, $tries:literal;)*) => {
        pub const ALL: &[Law] = &[$((stringify!($name), $law, $tries)),*];
    };
}
each_law!(list);

fn compile(text: &str) -> Table {
    Table::new(Policy::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}")))
}

fn read<'e>(table: &Table, text: &'e str) -> Event<'e> {
    table.read(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// What a decision says: the event's states and what is unknown, and each destination by its name.
type Said = (String, BTreeMap<String, (Reason, Vec<String>)>);

/// Everything that the decision of an event says.
fn said(table: &Table, event: &Event) -> Said {
    let input = Input::event(event).recorded(Recorded::Unchecked);
    all_of(&table.decide(input, &mut table.scratch()).unwrap())
}

/// Everything that a decision says.
fn all_of(decision: &Decision) -> Said {
    let name = |id: &consentry::CategoryId| decision.policy().category(*id).unwrap().name().to_owned();
    let verdicts = decision.verdicts().map(|(id, verdict)| {
        assert_eq!(verdict.delivers(), decision.delivers(id));
        assert_eq!(verdict.reason() == Reason::Refused, !verdict.refused().is_empty());
        let mut refused: Vec<String> = verdict.refused().iter().map(name).collect();
        refused.sort();
        (decision.policy().destination(id).unwrap().name().to_owned(), (verdict.reason(), refused))
    });
    let verdicts = verdicts.collect();
    let head = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        decision.consent(),
        decision.integrations(),
        decision.drop_reason(),
        decision.unknown_categories(),
        decision.unknown_integrations()
    );
    (head, verdicts)
}

/// The facts that a decision depends on: whether the event is exempt, what each category is granted, each destination's own entry.
fn facts_of(decision: &Decision) -> (bool, Vec<bool>, Vec<Option<bool>>) {
    let (policy, facts) = (decision.policy(), decision.resolved());
    let granted = (0..policy.categories().len()).map(|id| facts.grants(consentry::CategoryId::new(id)));
    let entries = policy.destination_ids().map(|id| facts.entry(id));
    (facts.exempt_event(), granted.collect(), entries.collect())
}

/// The table decides every event for every destination as the reference does.
pub fn table_equals_reference(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let mut scratch = table.scratch();
    let mut compared = 0;
    // Reading a policy takes a thousand times as long as deciding an event: all the bytes that are left become events.
    loop {
        let text = EventText::arbitrary(u, &policy)?.text();
        let event = read(&table, &text);
        let answers = [Recorded::Unchecked, Recorded::Unknown, Recorded::Unreachable];
        let recorded = *u.choose(&answers).unwrap_or(&Recorded::Unchecked);
        let decision = table.decide(Input::event(&event).recorded(recorded), &mut scratch).unwrap();
        for (id, verdict) in decision.verdicts() {
            let expected = reference::explain_recorded(table.policy(), &event, recorded, id).unwrap().verdict;
            assert_eq!(verdict, expected, "{id:?}\n{text}\n{}", policy.text());
            assert_eq!(verdict.delivers(), decision.delivers(id), "{id:?}\n{text}\n{}", policy.text());
            compared += 1;
        }
        if u.is_empty() {
            break;
        }
    }
    Ok(compared)
}

/// The table equals the reference over the whole space of each destination, and leaving out what makes no difference
/// makes no difference.
pub fn certified(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let mut compared = 0u128;
    let certificate = certify(&table, 2_000);
    assert!(certificate.differences.is_empty(), "{:?}\n{}", certificate.differences, policy.text());
    compared += certificate.comparisons();
    for id in table.policy().destination_ids() {
        let full = Space::full(table.policy(), id).unwrap();
        let reduced = Space::reduced(table.policy(), id).unwrap();
        assert!(reduced.count() <= full.count());
        let decide = |space: &Space, situation: &Situation| {
            let explanation = reference::explain(table.policy(), &space.event(situation), id).unwrap();
            explanation.verdict
        };
        let step = full.count().unwrap().div_ceil(500).max(1);
        for number in (0..full.count().unwrap()).step_by(step as usize) {
            let situation = full.situation(number);
            let projected = reduced.project(&situation);
            assert!(full.contains(&situation) && reduced.contains(&projected), "{situation:?} {projected:?}");
            let verdict = decide(&full, &situation);
            assert_eq!(
                verdict,
                decide(&reduced, &projected),
                "{situation:?} {projected:?}\n{}",
                policy.text()
            );
            compared += 1;
        }
    }
    Ok(compared as u64)
}

/// "The order of keys changes nothing."
pub fn order_of_keys(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    for _ in 0..16 {
        let event = EventText::arbitrary(u, &policy)?;
        let (one, other) = (event.text(), event.shuffled(u)?.text());
        assert_eq!(said(&table, &read(&table, &one)), said(&table, &read(&table, &other)), "{one}\n{other}");
    }
    Ok(16)
}

/// Equal policies decide equally, whatever the order of their lines and the files they stand in.
pub fn order_of_statements(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let shuffled = policy.shuffled(u)?;
    let other = compile(&shuffled.text());
    let (main, parts) = shuffled.split(u)?;
    let mut source = Memory::from([("main", main)]);
    for (name, text) in parts {
        source.insert(name, text);
    }
    let files = Policy::from_source(&source, "main").unwrap_or_else(|error| panic!("{error}\n{source:?}"));
    let files = Table::new(files);
    for _ in 0..8 {
        let text = EventText::arbitrary(u, &policy)?.text();
        let expected = said(&table, &read(&table, &text));
        assert_eq!(
            expected,
            said(&other, &read(&other, &text)),
            "{text}\n{}\n{}",
            policy.text(),
            shuffled.text()
        );
        assert_eq!(expected, said(&files, &read(&files, &text)), "{text}\n{}\n{source:?}", policy.text());
    }
    Ok(16)
}

/// "An unknown key beside others changes no outcome and no reason."
pub fn unknown_key_beside_others(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    for _ in 0..16 {
        let text = EventText::arbitrary(u, &policy)?.text();
        let event = read(&table, &text);
        let mut other = event.clone();
        if let Consent::Preferences(preferences) = &mut other.consent
            && !preferences.is_empty()
        {
            let at = u.choose_index(preferences.len() + 1)?;
            preferences.insert(at, ("no category of this name".into(), Preference::Granted));
        }
        if let Integrations::Entries(entries) = &mut other.integrations
            && !entries.is_empty()
        {
            let at = u.choose_index(entries.len() + 1)?;
            entries.insert(at, ("no destination of this name".into(), *u.choose(&events::ENTRIES)?));
        }
        assert_eq!(said(&table, &event).1, said(&table, &other).1, "{text}\n{}", policy.text());
    }
    Ok(16)
}

/// "Within state `answered`, with everything else equal, changing one category to granted never turns a deliver into a
/// block."
pub fn granting_never_blocks(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let mut compared = 0;
    for _ in 0..16 {
        let text = EventText::arbitrary(u, &policy)?.text();
        let event = read(&table, &text);
        let mut other = event.clone();
        let (Consent::Preferences(preferences), false) =
            (&mut other.consent, table.policy().categories().is_empty())
        else {
            continue;
        };
        if preferences.is_empty() {
            continue;
        }
        let category = u.choose(table.policy().categories())?;
        preferences.retain(|(name, _)| *name != *category.wire_id());
        preferences.push((category.wire_id().into(), Preference::Granted));
        let (before, after) = (said(&table, &event).1, said(&table, &other).1);
        for (name, (reason, _)) in before {
            let delivered = reason.outcome() == Outcome::Deliver;
            assert!(
                !delivered || after[&name].0.outcome() == Outcome::Deliver,
                "{name}\n{text}\n{}",
                policy.text()
            );
            compared += 1;
        }
    }
    Ok(compared)
}

/// Each situation of a space is an event, and whatever was read is written so that it reads the same.
pub fn situations_are_events(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let mut compared = 0;
    for id in table.policy().destination_ids() {
        for space in [Space::full(table.policy(), id).unwrap(), Space::reduced(table.policy(), id).unwrap()] {
            let count = space.count().unwrap();
            for number in (0..count).step_by((count / 100 + 1) as usize) {
                let situation = space.situation(number);
                let event = space.event(&situation);
                assert_eq!(
                    (event.consent.state(), event.integrations.state()),
                    (situation.consent, situation.integrations)
                );
                written_and_read(&table, &event);
                compared += 1;
            }
        }
    }
    for _ in 0..16 {
        let text = EventText::arbitrary(u, &policy)?.text();
        written_and_read(&table, &read(&table, &text));
        compared += 1;
    }
    Ok(compared)
}

fn written_and_read(table: &Table, event: &Event) {
    let reading = table.policy().reading();
    let text = event.to_json(reading);
    // Names from several places are sorted.
    fn sorted<'e>(event: &Event<'e>, reading: &Reading) -> Event<'e> {
        let mut event = event.clone();
        if let (Consent::Preferences(listed), Some(_)) = (&mut event.consent, reading.places_rule()) {
            listed.sort();
        }
        event
    }
    assert_eq!(sorted(&read(table, &text), reading), sorted(event, reading), "{text}\n{reading:?}");
}

/// Whatever the bytes, a policy is read or refused, every message points into the text, and the tree prints back.
pub fn policy_bytes(u: &mut Unstructured) -> Result<u64> {
    let bytes = u.bytes(u.len())?;
    let text = String::from_utf8_lossy(bytes);
    policy_text(&text);
    policy_text(&format!("consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n{text}"));
    Ok(2)
}

fn policy_text(text: &str) {
    let (tree, found) = Tree::parse(text);
    // Too large, or nested too deeply: nothing was parsed.
    if !tree.tokens.is_empty() || text.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
        assert_eq!(tree.to_string(), text);
    }
    for diagnostic in &found {
        points_into(diagnostic, text);
    }
    // However often a statement is read again, nothing is said twice.
    let places: HashSet<_> = found.iter().map(|diagnostic| (diagnostic.code, diagnostic.span())).collect();
    assert_eq!(places.len(), found.len(), "{found:?}\n{text}");
    let linted = lint::lint(&Memory::from([("main", text)]), "main", &Default::default());
    for diagnostic in &linted.diagnostics {
        assert!(!diagnostic.message.is_empty());
        for label in &diagnostic.labels {
            let file = linted.files.text(label.span.file);
            assert!(file.get(label.span.range()).is_some(), "{diagnostic:?}\n{file}");
        }
        let mut rendered = String::new();
        miette::NarratableReportHandler::new()
            .render_report(&mut rendered, &linted.files.report(diagnostic))
            .unwrap();
    }
    // What parses is formatted, which says itself that it is right; what does not is left alone, for the same mistakes.
    match consentry::format::format(text) {
        Ok(_) => assert!(found.is_empty(), "{found:?}\n{text}"),
        Err(FormatError::Mistakes(mistakes)) => assert_eq!(mistakes, found, "{text}"),
        Err(error) => panic!("{error}\n{text}"),
    }
    // What compiles decides, and means the same when it is read again from the printed tree.
    if let Ok(policy) = Policy::parse(text) {
        let (table, again) = (Table::new(policy), compile(&tree.to_string()));
        let event =
            r#"{"context":{"consent":{"categoryPreferences":{"A":true}}},"integrations":{"All":false}}"#;
        assert_eq!(said(&table, &read(&table, event)), said(&again, &read(&again, event)));
    }
}

/// However a policy is laid out, and whatever comments stand in it, formatted it says the same, has every comment, which allows
/// the same findings, and is not formatted otherwise again. Without comments and blank lines, the layout depends on the words alone.
pub fn formatting_keeps_the_meaning(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let text = policy.text();
    let layout =
        |text: &str| consentry::format::format(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let canonical = layout(&text);
    let table = compile(&text);
    let mut compared = 0;
    for comments in [false, true] {
        let spoilt = layouts::spoilt(&text, comments, u)?;
        let formatted = layout(&spoilt);
        assert_eq!(layouts::facts(&formatted), layouts::facts(&text), "{spoilt}\n{formatted}");
        assert_eq!(layouts::comments(&formatted), layouts::comments(&spoilt), "{spoilt}\n{formatted}");
        assert_eq!(layout(&formatted), formatted, "{spoilt}");
        assert!(comments || formatted == canonical, "{spoilt}\n{formatted}\n{canonical}");
        assert!(formatted.ends_with('\n') && !formatted.ends_with("\n\n"), "{formatted:?}");
        assert!(!formatted.contains("\n\n\n") && !formatted.contains('\r'), "{formatted:?}");
        assert!(formatted.lines().all(|line| line.trim_end() == line), "{formatted:?}");
        assert_eq!(lints::found(&formatted), lints::found(&spoilt), "{spoilt}\n{formatted}");
        let again = compile(&formatted);
        for _ in 0..2 {
            let event = EventText::arbitrary(u, &policy)?.text();
            let (one, other) = (said(&table, &read(&table, &event)), said(&again, &read(&again, &event)));
            assert_eq!(one, other, "{event}\n{spoilt}\n{formatted}");
        }
        compared += 1;
    }
    Ok(compared)
}

fn points_into(diagnostic: &Diagnostic, text: &str) {
    for label in &diagnostic.labels {
        assert!(text.get(label.span.range()).is_some(), "{diagnostic:?}\n{text}");
    }
}

/// A good policy with something wrong in it: words, characters and lines taken out, doubled, or put elsewhere.
pub fn policy_mutations(u: &mut Unstructured) -> Result<u64> {
    let mut text = PolicyText::arbitrary(u)?.text();
    for _ in 0..u.int_in_range(1..=4)? {
        let boundary = |u: &mut Unstructured, text: &str| -> Result<usize> {
            let mut at = u.choose_index(text.len() + 1)?;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            Ok(at)
        };
        let (one, other) = (boundary(u, &text)?, boundary(u, &text)?);
        let (from, to) = (one.min(other), one.max(other).min(one.min(other) + 40));
        let to = (from..=to).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        match u.int_in_range(0..=3)? {
            0 => text.replace_range(from..to, ""),
            1 => {
                let piece = text[from..to].to_owned();
                text.insert_str(from, &piece);
            }
            2 => text.insert_str(
                from,
                u.choose(&["\"", "(", "{", "\n", "//", ",", "override ", "any of ", "\u{202E}", "\\"])?,
            ),
            _ => {
                let taken = text[from..to].to_owned();
                text.replace_range(from..to, "");
                let at = boundary(u, &text)?;
                text.insert_str(at, &taken);
            }
        }
    }
    policy_text(&text);
    Ok(1)
}

/// Whatever the bytes, an event is read or refused, and never taken for one by a reader that `serde_json` contradicts.
pub fn event_bytes(u: &mut Unstructured) -> Result<u64> {
    // Compiled once: reading a policy takes a thousand times as long as reading an event.
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        compile("consentry 1 policy \"p\" include prelude \"segment\" category A destination \"D\" needs A")
    });
    let table = &*TABLE;
    let bytes = u.bytes(u.len())?;
    let ours = table.read(bytes, &Limits::default());
    let valid = std::str::from_utf8(bytes)
        .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    match &ours {
        Ok(_) => assert!(valid),
        Err(error) => {
            assert!(error.offset() <= bytes.len());
            let refused_though_valid =
                ["nested_too_deep", "not_an_object", "batch", "malformed_batch"].contains(&error.code());
            assert!(!valid || refused_though_valid, "{}", error.code());
        }
    }
    if let Ok(event) = &ours {
        assert_eq!(said(table, event).1.len(), 1);
    }
    Ok(1)
}

/// An event reads as `serde_json::Value` and a loop read it, where that can tell: without repeated keys, and with what it
/// can represent.
pub fn events_read_alike(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let table = compile(&policy.text());
    let mut compared = 0;
    for _ in 0..32 {
        let event = EventText::arbitrary(u, &policy)?;
        let text = event.text();
        let ours = read(&table, &text);
        if !event.has_repeated_keys()
            && let Ok(value) = serde_json::from_str(&text)
        {
            events::compare(&ours, &value, table.policy(), &text);
            compared += 1;
        }
    }
    Ok(compared)
}

/// A router that knows only the integrations object never delivers a rewritten event to a blocked destination, whichever names of
/// the destination it knows. It delivers to each other one, unless it knows a name that a blocked destination has too. A router that
/// knows own names delivers to each other one without exception. So it is whether it reads all of several objects and keys, the
/// first or the last ones; and nothing else of the event is changed.
pub fn a_router_obeys(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let text = policy.text();
    let table = compile(&text);
    let mut scratch = table.scratch();
    let mut compared = 0;
    loop {
        let event = EventText::arbitrary(u, &policy)?;
        let validation = *u.choose(&[Validation::Full, Validation::Trusted])?;
        compared += obeyed(&table, &text, &mut scratch, &event.text(), event.has_repeated_keys(), validation);
        if u.is_empty() {
            return Ok(compared);
        }
    }
}

/// A router obeys an event that has several `All` of different values in one object, whatever each row of the reconcile table
/// enforces, and whichever of them the router reads.
pub fn repeated_all_is_obeyed(u: &mut Unstructured) -> Result<u64> {
    const VALUES: [&str; 4] = ["true", "false", "{}", "null"];
    let policy = PolicyText::arbitrary(u)?;
    let text = policy.text();
    let table = compile(&text);
    let mut scratch = table.scratch();
    let mut compared = 0;
    loop {
        for state in table.policy().reading().states() {
            // Consent is chosen at random. If the state does not come up soon, another round has it.
            for _ in 0..20 {
                let event = EventText::arbitrary(u, &policy)?;
                if read(&table, &event.text()).consent.state() != state {
                    continue;
                }
                for (first, second) in VALUES.iter().flat_map(|one| VALUES.map(|other| (*one, other))) {
                    if first == second {
                        continue;
                    }
                    let mut values = vec![first, second];
                    if u.ratio(1, 4)? {
                        values.push(*u.choose(&VALUES)?);
                    }
                    let event = event.with_alls(u, &policy, &values)?;
                    let validation = *u.choose(&[Validation::Full, Validation::Trusted])?;
                    compared += obeyed(
                        &table,
                        &text,
                        &mut scratch,
                        &event.text(),
                        event.has_repeated_keys(),
                        validation,
                    );
                }
                break;
            }
        }
        if u.is_empty() {
            return Ok(compared);
        }
    }
}

/// Returns how many comparisons showed that a router obeys the rewritten event.
fn obeyed(
    table: &Table,
    policy: &str,
    scratch: &mut Scratch,
    text: &str,
    repeats_keys: bool,
    validation: Validation,
) -> u64 {
    let mut compared = 0;
    let before = read(table, text);
    let mut rewritten = b"in front ".to_vec();
    let decision = table
        .rewrite(
            Input::line(text.as_bytes()).validation(validation).recorded(Recorded::Unchecked),
            scratch,
            &mut rewritten,
        )
        .unwrap();
    let rewritten = std::str::from_utf8(&rewritten).unwrap().strip_prefix("in front ").unwrap();
    let shown = || format!("{text}\n{rewritten}\n{policy}");
    assert_eq!(all_of(&decision), said(table, &before), "{}", shown());
    let after = read(table, rewritten);
    let last = events::last_keys(rewritten);
    let first = events::first_keys(&after.integrations);
    let dropped = decision.drop_reason().is_some();
    // Each of several objects needs all entries.
    // An entry `All` that makes the object malformed becomes a boolean.
    let has_invalid_all = table.policy().non_boolean_all().value == NonBooleanAll::Malformed
        && before.integrations == Integrations::Malformed;
    let mut changes = dropped || repeats_keys || has_invalid_all;
    let blocked = table.policy().destination_ids().filter(|id| !decision.delivers(*id));
    let blocked: HashSet<&str> =
        blocked.flat_map(|id| table.policy().destination(id).unwrap().names()).collect();
    let delivered: HashSet<&str> =
        decision.delivered().flat_map(|id| table.policy().destination(id).unwrap().names()).collect();
    let knows_own_names = table.policy().router_knows().value == RouterKnows::OwnNames;
    for id in table.policy().destination_ids() {
        let delivers = decision.delivers(id);
        let names: Vec<&str> = table.policy().destination(id).unwrap().names().collect();
        for known in 1..1u32 << names.len().min(6) {
            let known = names.iter().enumerate().filter(|(at, _)| known >> at & 1 == 1);
            let known: Vec<&str> = known.map(|(_, name)| *name).collect();
            if knows_own_names && known[0] != names[0] {
                continue;
            }
            let may_be_withheld = !knows_own_names && known.iter().any(|name| blocked.contains(name));
            let readings = [Some(&after.integrations), Some(&first), last.as_ref()];
            for integrations in readings.into_iter().flatten() {
                let routed = events::routed(table, integrations, id, &known);
                assert!(delivers || !routed, "{id:?} receives by {known:?}\n{}", shown());
                assert!(!delivers || routed || may_be_withheld, "{id:?} lacks by {known:?}\n{}", shown());
                compared += 1;
            }
        }
        let is_listed = |name: &str| events::is_listed(&before.integrations, name);
        for (place, name) in names.iter().enumerate() {
            let stops = if knows_own_names { !delivered.contains(name) } else { blocked.contains(name) };
            // A router that knows the own name needs no other.
            let is_needed = !knows_own_names || place == 0 || is_listed(name);
            changes |= match stops {
                true => !delivers && !events::surely_blocked(table, &before.integrations, id, name),
                false => {
                    !events::routed(table, &before.integrations, id, &[name])
                        || events::in_doubt(table, &before.integrations, name)
                }
            } && is_needed
                || stops && events::lets_through(&before.integrations, name);
        }
        // An entry under a name that it shares with a delivered destination lets it through, although `All` stops it.
        let is_let_through = || names.iter().any(|name| delivered.contains(name) && is_listed(name));
        changes |= knows_own_names && !delivers && !is_listed(names[0]) && is_let_through();
    }
    // A router that knows one name alone, in whichever way it reads the objects.
    let is_withheld = |id: &consentry::DestinationId| {
        let lacks = |name: &str| {
            let readings = [Some(&after.integrations), Some(&first), last.as_ref()];
            readings.into_iter().flatten().any(|read| !events::routed(table, read, *id, &[name]))
        };
        table.policy().destination(*id).unwrap().names().any(lacks)
    };
    let withheld = decision.delivered().filter(|id| !knows_own_names && is_withheld(id));
    assert!(decision.withheld().eq(withheld), "{}", shown());
    assert!(changes || rewritten == text, "nothing was to be changed\n{}", shown());
    if dropped {
        assert!(events::all_is_false(&after.integrations), "{}", shown());
        assert!(after.integrations.entries().iter().all(|(_, entry)| *entry == Entry::Off), "{}", shown());
    }
    // Whatever else there is, is there as it was.
    assert_eq!((&before.id, &before.consent, &before.track), (&after.id, &after.consent, &after.track));
    events::nothing_else_changed(text, rewritten);
    compared
}

/// The fast reader and the slow one say the same of generated events, of which some are spoilt, on every instruction set,
/// in both grades and with memory of what came before.
pub fn readers_agree(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let mut readers = Readers::new(&compile(&policy.text()));
    let mut compared = 0;
    loop {
        let event = EventText::arbitrary(u, &policy)?;
        let mut bytes = event.text().into_bytes();
        if u.arbitrary()? {
            spoil(u, &mut bytes)?;
        }
        let limits = Limits {
            nesting: *u.choose(&[128, 128, 128, 5, 3, 1])?,
            bytes: *u.choose(&[1 << 24, 1 << 24, 1 << 24, 200])?,
        };
        compared += readers.agree(&bytes, &limits);
        if u.is_empty() {
            return Ok(compared);
        }
    }
}

/// The fast reader and the slow one say the same of whatever bytes.
pub fn readers_agree_on_bytes(u: &mut Unstructured) -> Result<u64> {
    // Kept from input to input, as a thread keeps its scratch from event to event.
    static READERS: LazyLock<Mutex<Readers>> = LazyLock::new(|| {
        Mutex::new(Readers::new(&compile(
            "consentry 1 policy \"p\" include prelude \"segment\" category A category B
             destination \"D\" needs A destination \"E\" needs B destination \"F\" unmapped",
        )))
    });
    let bytes = u.bytes(u.len())?;
    Ok(READERS.lock().unwrap_or_else(PoisonError::into_inner).agree(bytes, &Limits::default()))
}

/// A table for each instruction set, and what each thread would keep.
struct Readers(Vec<(Table, Scratch)>);

impl Readers {
    fn new(table: &Table) -> Self {
        let with = |instructions| {
            let table = table.clone().with_instructions(instructions);
            let scratch = table.scratch();
            (table, scratch)
        };
        Readers(InstructionSet::available().map(with).collect())
    }

    fn agree(&mut self, bytes: &[u8], limits: &Limits) -> u64 {
        let shown = || String::from_utf8_lossy(bytes);
        let mut compared = 0;
        for (table, scratch) in &mut self.0 {
            let slow = Event::read(bytes, table.policy().reading(), limits);
            let expected = slow.as_ref().map(|event| {
                let mut scratch = table.scratch();
                let decision =
                    table.decide(Input::event(event).recorded(Recorded::Unchecked), &mut scratch).unwrap();
                (all_of(&decision), facts_of(&decision))
            });
            assert_eq!(table.read(bytes, limits), slow, "{}", shown());
            // Texts are remembered when they come again, and believed when they come once more.
            for validation in [Validation::Full, Validation::Trusted, Validation::Full, Validation::Trusted] {
                let decision = table.decide(
                    Input::line(bytes).limits(*limits).validation(validation).recorded(Recorded::Unchecked),
                    scratch,
                );
                if let (Validation::Full, Err(expected)) = (validation, &expected) {
                    assert_eq!(decision.as_ref().err(), Some(*expected), "{}", shown());
                }
                if let Ok(expected) = &expected {
                    let decision = decision.as_ref().unwrap_or_else(|error| panic!("{error}\n{}", shown()));
                    assert_eq!(
                        &(all_of(decision), facts_of(decision)),
                        expected,
                        "{validation:?}\n{}",
                        shown()
                    );
                    assert_eq!(decision.event(), slow.as_ref().unwrap(), "{validation:?}\n{}", shown());
                }
                compared += 1;
            }
        }
        compared
    }
}

/// Changes a few bytes: to what JSON is made of, to anything, or to white space; or takes some out or doubles them.
fn spoil(u: &mut Unstructured, bytes: &mut Vec<u8>) -> Result<()> {
    const MATTER: &[u8] = b"\"\"\"\\\\{}[]:,,:  \n\r\ttfn01-+.eEu/abx\x00\x1f\x7f\x80\xc3\xa9\xed\xff";
    for _ in 0..u.int_in_range(1..=3)? {
        let at = u.choose_index(bytes.len().max(1))?.min(bytes.len().saturating_sub(1));
        let until = (at + u.int_in_range(1..=70)?).min(bytes.len());
        match u.int_in_range(0..=5)? {
            0 => drop(bytes.drain(at..until)),
            1 => {
                let piece = bytes[at..until].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => bytes.insert(at, u.arbitrary()?),
            3 => bytes.insert(at, *u.choose(MATTER)?),
            // Moves everything behind it to other places of its block.
            4 => drop(bytes.splice(at..at, vec![*u.choose(b" \\\n\tx")?; until - at])),
            _ => bytes
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte = MATTER[usize::from(*byte) % MATTER.len()]),
        }
    }
    Ok(())
}
