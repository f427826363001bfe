//! What lint says of a policy is so, and what it fixes decides as before.

use super::{compile, events::EventText, policies::PolicyText, read, said};
use arbitrary::{Result, Unstructured};
use consentry::diagnostic::{Code, Span};
use consentry::event::{Entry, Preference};
use consentry::exact::{Situation, Space};
use consentry::lint::{self, Levels, Linted};
use consentry::model::{ConsentState, IntegrationsState};
use consentry::source::Memory;
use consentry::syntax::Tree;
use consentry::{Policy, Reason, Table, Verdict, reference};
use std::collections::{BTreeMap, BTreeSet};

/// How many situations of a destination are tried one by one.
const MAX_SITUATIONS: u128 = 4_000;

fn linted(files: &BTreeMap<String, String>) -> Linted {
    let mut memory = Memory::default();
    for (name, text) in files {
        memory.insert(name, text);
    }
    lint::lint(&memory, "main", &Levels::default())
}

/// Each question of meaning, answered by trying every situation of every destination.
pub fn lint_tells_the_truth(u: &mut Unstructured) -> Result<u64> {
    let text = PolicyText::arbitrary(u)?.text();
    let linted = linted(&BTreeMap::from([("main".to_owned(), text.clone())]));
    let policy = linted.policy.as_deref().unwrap_or_else(|| panic!("{:?}\n{text}", linted.diagnostics));
    let places = |code| -> BTreeSet<Span> {
        linted
            .diagnostics
            .iter()
            .filter(|found| found.code == code)
            .filter_map(|found| found.span())
            .collect()
    };
    let (never, always, device) =
        (places(Code::NeverDelivered), places(Code::AlwaysDelivered), places(Code::DeviceMode));
    let open: BTreeSet<Span> = linted
        .diagnostics
        .iter()
        .filter(|found| found.code == Code::DeliveredWithoutConsent)
        .flat_map(|found| found.labels.iter().map(|label| label.span))
        .collect();
    let (mut opened, mut broken, mut all_tried, mut compared) = (BTreeSet::new(), [false; 3], true, 0);
    for (id, destination) in policy.destination_ids().zip(policy.destinations()) {
        let space = Space::full(policy, id).unwrap();
        if space.count().is_none_or(|count| count > MAX_SITUATIONS) {
            all_tried = false;
            continue;
        }
        let decide =
            |situation: &Situation| reference::explain(policy, &space.event(situation), id).unwrap().verdict;
        let decided: Vec<(Situation, Verdict)> =
            space.situations().map(|situation| (situation.clone(), decide(&situation))).collect();
        compared += decided.len() as u64;
        let delivered = |is_meant: &dyn Fn(&Situation) -> bool| {
            decided.iter().any(|(situation, verdict)| is_meant(situation) && verdict.delivers())
        };
        let is_named =
            |places: &BTreeSet<Span>, span: Option<Span>| span.is_some_and(|span| places.contains(&span));
        // Where decisions depend on inputs, these situations are those of events without inputs.
        let has_conditions = policy.has_conditions();
        let says = |code: &str, said: bool, is_so: bool| {
            let is_right = match has_conditions {
                true if code == "device" => said || !is_so,
                true => !said || is_so,
                false => said == is_so,
            };
            assert!(is_right, "{code}: {}\n{text}", destination.name());
        };
        let name = Some(destination.name_span());
        let is_disabled = destination.disabled.is_some();
        says(
            "never",
            is_named(&never, name),
            !is_disabled && !delivered(&|situation| !situation.exempt_event),
        );
        let is_reached = decided.iter().all(|(_, verdict)| verdict.delivers());
        let needs = destination.requirement_span();
        says("always", is_named(&always, needs), destination.is_mapped() && is_reached);
        if destination.mode() == Some(consentry::model::Mode::Device) {
            says("device", is_named(&device, destination.mode_span()), !is_reached);
        }
        for (situation, verdict) in decided.iter().filter(|_| needs.is_some()) {
            let row = policy.reconcile().row(situation.consent, situation.integrations);
            if verdict.reason() == Reason::NotEnforced
                && situation.consent != ConsentState::Answered
                && row.because.is_none()
            {
                opened.insert(row.span);
            }
        }
        breaks(&decided, &decide, policy.reading().unlisted(), &mut broken);
    }
    let all_tried = all_tried && !policy.has_conditions();
    assert!(opened.is_subset(&open) && (opened == open || !all_tried), "{opened:?} {open:?}\n{text}");
    let codes = [Code::OffEntryDelivers, Code::UndeclaredCategoryDecides, Code::PreferencesBlock];
    for (code, broken) in codes.into_iter().zip(broken) {
        let said = !places(code).is_empty();
        assert!(said == broken || (said && !all_tried), "{code}: {said}, {broken}\n{text}");
    }
    Ok(compared)
}

/// Which of the laws of section 3 the decisions of a destination break, found by changing each situation.
fn breaks(
    decided: &[(Situation, Verdict)],
    decide: &dyn Fn(&Situation) -> Verdict,
    unlisted: Preference,
    broken: &mut [bool; 3],
) {
    for (situation, verdict) in decided {
        if situation.integrations != IntegrationsState::Malformed && !verdict.delivers() {
            let mut refused = Situation { integrations: IntegrationsState::Present, ..situation.clone() };
            // One more entry that is none of these: the object is there now.
            broken[0] |= decide(&refused).delivers();
            refused.entry = Some(Entry::Off);
            broken[0] |= decide(&refused).delivers();
            refused.entry = situation.entry;
            refused.all = Some(Entry::Off);
            broken[0] |= decide(&refused).delivers();
        }
        let is_unknown = situation.preferences.iter().all(|preference| *preference == unlisted);
        if situation.consent == ConsentState::Answered && is_unknown {
            let none =
                Situation { consent: ConsentState::Unanswered, preferences: vec![], ..situation.clone() };
            broken[1] |= decide(&none) != *verdict;
        }
        if situation.consent == ConsentState::Answered && !verdict.delivers() {
            for consent in [ConsentState::Missing, ConsentState::Empty] {
                let without = Situation { consent, preferences: vec![], ..situation.clone() };
                // Where the event itself holds the preferences, no event is without.
                let exists = decided.iter().any(|(other, _)| *other == without);
                broken[2] |= exists && decide(&without).delivers();
            }
        }
    }
}

/// What lint fixes safely decides every event as before, and is not found again.
pub fn fixes_keep_the_meaning(u: &mut Unstructured) -> Result<u64> {
    let policy = PolicyText::arbitrary(u)?;
    let (main, parts) = policy.split(u)?;
    let mut files: BTreeMap<String, String> =
        parts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    files.insert("main".into(), main);
    plant(&mut files, u)?;
    let before = linted(&files);
    let Some(old) = before.policy.as_deref() else { panic!("{:?}\n{files:?}", before.diagnostics) };
    let (mut last, mut fixes) = (linted(&files), 0);
    for round in 0.. {
        let edited = lint::edited(&last.files, &last.diagnostics);
        if edited.is_empty() {
            break;
        }
        assert!(round < 10, "fixes without an end\n{files:?}");
        for (file, fixed) in edited {
            assert!(!last.files.is_prelude(file));
            fixes += fixed.count as u64;
            files.insert(last.files.name(file).to_owned(), fixed.text);
        }
        last = linted(&files);
    }
    let Some(new) = last.policy.as_deref() else { panic!("{:?}\n{files:?}", last.diagnostics) };
    assert!(lint::is_same(old, new), "{files:?}");
    let fixable = |linted: &Linted| linted.diagnostics.iter().filter(|found| found.fix.is_some()).count();
    assert_eq!(fixable(&last), 0);
    assert!(fixable(&before) == 0 || fixes > 0);
    let (old, new) = (Table::new(old.clone()), Table::new(new.clone()));
    for _ in 0..4 {
        let event = EventText::arbitrary(u, &policy)?.text();
        assert_eq!(said(&old, &read(&old, &event)), said(&new, &read(&new, &event)), "{event}\n{files:?}");
    }
    // What compiles is not said to differ from itself, and what differs is.
    assert!(lint::is_same(new.policy(), compile_all(&files).policy()));
    Ok(fixes + 5)
}

fn compile_all(files: &BTreeMap<String, String>) -> Table {
    let mut memory = Memory::default();
    for (name, text) in files {
        memory.insert(name, text);
    }
    match files.len() {
        1 => compile(&files["main"]),
        _ => Table::new(Policy::from_source(&memory, "main").unwrap()),
    }
}

/// Adds text that lint can fix: overrides that repeat, includes that bring nothing, comments that allow nothing or lack quotes.
fn plant(files: &mut BTreeMap<String, String>, u: &mut Unstructured) -> Result<()> {
    files.insert("empty".into(), "consentry 1\n// Nothing.\n".into());
    let names: Vec<String> = files.keys().cloned().collect();
    // What the other files declare, the main one may repeat.
    let declared: Vec<String> = names
        .iter()
        .filter(|name| *name != "main")
        .flat_map(|name| files[name].lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.starts_with("category "))
        .collect();
    for _ in 0..u.int_in_range(0..=3)? {
        if !declared.is_empty() {
            let line = u.choose(&declared)?;
            let main = files.get_mut("main").unwrap();
            let repeated = format!("override {line}\n");
            if !main.contains(&repeated) {
                main.push_str(&repeated);
            }
        }
    }
    for name in names {
        let text = files.get_mut(&name).unwrap();
        if name != "empty" && u.ratio(1, 3)? {
            let up = if name.contains('/') { "../" } else { "" };
            text.push_str(&format!("include \"{up}empty\"\n"));
        }
        if u.ratio(1, 2)? {
            let comment = u.choose(&[
                "// allow overlapping-rows because \"so\"\n",
                "// allow unmapped-destination, device-mode because \"so\"\n",
                "// allow unused-include because \"it was\"\n",
                "// allow exempt-without-reason, device-mode because it \"was\"\n",
            ])?;
            // Anywhere between words, but not in the JSON of a test.
            let (tree, _) = Tree::parse(text);
            let starts = tree.tokens.iter().map(|token| token.span.range().start);
            let at: Vec<usize> =
                starts.filter(|at| text[..*at].ends_with('\n')).chain([text.len()]).collect();
            text.insert_str(*u.choose(&at)?, comment);
        }
    }
    Ok(())
}

/// What lint finds in a text, wherever it stands.
pub fn found(text: &str) -> Vec<String> {
    let linted = linted(&BTreeMap::from([("main".to_owned(), text.to_owned())]));
    let mut found: Vec<String> =
        linted.diagnostics.iter().map(|one| format!("{} {}", one.code, one.message)).collect();
    found.sort();
    found
}
