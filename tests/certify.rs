//! Every shipped policy is certified: the table equals the reference in every situation that can matter.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

use consentry::exact::{Coverage, Space, certify};
use consentry::{Policy, Table};

fn load(path: &str) -> Table {
    Table::new(Policy::load(format!("{}/policies/{path}.consent", env!("CARGO_MANIFEST_DIR"))).unwrap())
}

fn parse(statements: &str) -> Policy {
    let text = format!("consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n{statements}");
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn shipped_policies_are_certified() {
    for (path, destinations, comparisons) in
        [("examples/shop", 10, 11_376), ("examples/gazette/gazette", 50, 59_904), ("segment-strict", 0, 0)]
    {
        let table = load(path);
        let certificate = certify(&table, 1 << 20);
        assert!(certificate.differences.is_empty(), "{path}: {:?}", certificate.differences);
        assert_eq!(
            (certificate.coverage.len(), certificate.comparisons()),
            (destinations, comparisons),
            "{path}"
        );
        assert!(
            certificate.coverage.iter().all(|(_, coverage)| matches!(coverage, Coverage::Full(_))),
            "{path}"
        );
    }
    // The preludes have no destinations of their own; each decides these. A text of groups has two preferences, and not four.
    for prelude in consentry::model::prelude_names() {
        let text = format!(
            "consentry 1\npolicy \"p\"\ninclude prelude {prelude:?}\ncategory A\ncategory B always\ncategory C unenforced\n\
             destination \"1\" needs A, B, C\ndestination \"2\" needs any of A, (all of B, C)\ndestination \"3\" unmapped\n\
             destination \"4\" needs A exempt kind warehouse\ndestination \"5\" needs C kind warehouse\n\
             destination \"6\" unmapped disabled"
        );
        let table = Table::new(Policy::parse(&text).unwrap());
        let certificate = certify(&table, 1 << 20);
        assert!(certificate.differences.is_empty(), "{prelude}: {:?}", certificate.differences);
        assert!(certificate.comparisons() > 1_000, "{}", certificate.comparisons());
    }
}

/// Every construct of the language, at numbers that lie on both sides of bytes and words of bits.
fn everything(prelude: &str, settings: &str, more_categories: usize) -> Table {
    let mut text = format!("consentry 1\npolicy \"everything\"\ninclude prelude {prelude:?}\n{settings}");
    let category = |text: &mut String, line: &str| text.push_str(&format!("category {line}\n"));
    // "?" is what stands for nobody's name, where nobody has it.
    category(&mut text, "first = \"?\"");
    (1..7).for_each(|number| category(&mut text, &format!("before{number}")));
    // Numbers 7 and 8: two bytes.
    category(&mut text, "A = \"C0001\"");
    category(&mut text, "B");
    (9..63).for_each(|number| category(&mut text, &format!("between{number}")));
    // Numbers 63 and 64: two words.
    category(&mut text, "C");
    category(&mut text, "D = \"C0004\"");
    category(&mut text, "Always always");
    category(&mut text, "Off unenforced");
    category(&mut text, "Gone unenforced");
    category(&mut text, "Both always unenforced");
    (0..more_categories).for_each(|number| category(&mut text, &format!("behind{number}")));
    let needs = [
        "A",
        "A, B",
        "C, D",
        "any of A, D",
        "all of A, B, D",
        "any of A, (all of B, D)",
        "all of A, (any of B, C)",
        "any of (all of A, C), (all of A, D)",
        "any of (any of A, (all of B, (any of C, D))), Off",
        "Always",
        "Always, A",
        "any of Always, A",
        "Off",
        "Off, Gone",
        "all of Off, A",
        "any of Off, A",
        "any of Off, Gone",
        "any of A, (all of Off, Gone)",
        "all of A, (any of Off, Gone)",
        "all of (any of Off, A), (any of Gone, D)",
        "any of (all of Off, Gone), (any of Gone, Both)",
        "Both",
        "all of Both, A",
        "any of Both, Always",
    ];
    // So many in front that those below stand on both sides of two words.
    (0..60).for_each(|number| text.push_str(&format!("destination \"before{number}\" unmapped\n")));
    let mappings = needs.iter().map(|needs| format!("needs {needs}")).chain(["unmapped".to_owned()]);
    let mut number = 0;
    for mapping in mappings {
        for attributes in ["", " kind warehouse", " exempt", " disabled"] {
            // Each has an alias of its own and shares one with every third.
            let group = ["?", "group 1", "group 2"][number % 3];
            text.push_str(&format!(
                "destination \"d{number}\" {mapping}{attributes} alias \"alias {number}\" shared alias {group:?}\n"
            ));
            number += 1;
        }
    }
    Table::new(Policy::parse(&text).unwrap_or_else(|error| panic!("{error}")))
}

/// Under every word of the reconcile table, with each setting both ways, and with lookups and with lists.
#[test]
fn every_construct_is_certified() {
    let words = [
        "nothing",
        "integrations",
        "listed integrations",
        "consent",
        "consent then integrations",
        "consent or integrations because \"so\"",
        "consent or listed, then integrations",
        "drop \"why\"",
    ];
    for (index, word) in words.iter().enumerate() {
        let settings = format!(
            "override reconcile {{ consent integrations enforce\n any any {word}\n }}\n\
             override unmapped destinations {}\noverride several categories need {}\n\
             override invalid entries {}\n",
            ["deliver", "block"][index % 2],
            ["all", "any"][index / 2 % 2],
            ["unlisted", "off"][index / 4 % 2],
        );
        certified(&everything("segment", &settings, 0));
    }
    for prelude in consentry::model::prelude_names() {
        certified(&everything(prelude, "", 0));
    }
    // With so many categories, the lookup by bytes would be larger than it may be.
    certified(&everything("segment-strict", "", 2_200));
}

fn certified(table: &Table) {
    // Full for one category, reduced for more.
    let certificate = certify(table, 330);
    assert!(certificate.differences.is_empty(), "{:?}", certificate.differences.first());
    assert_eq!(certificate.coverage.len(), 160);
    let sampled = |coverage: &Coverage| matches!(coverage, Coverage::Sampled { .. });
    assert!(!certificate.coverage.iter().any(|(_, coverage)| sampled(coverage)));
}

/// Counts by hand: (consent) × (integrations) × (exempt event).
#[test]
fn situations_are_counted() {
    let policy = parse(
        "category A\ncategory B\ncategory C always\ndestination \"X\" needs A, B, C\ndestination \"Y\" unmapped kind warehouse\n\
         destination \"Z\" needs A disabled\ndestination \"W\" needs A exempt",
    );
    let count = |index: usize| {
        let id = policy.destination_ids().nth(index).unwrap();
        let (full, reduced) = (Space::full(&policy, id).unwrap(), Space::reduced(&policy, id).unwrap());
        (full.count().unwrap(), reduced.count().unwrap())
    };
    assert_eq!(count(0), ((4 + 64) * (2 + 16) * 2, (4 + 4) * (2 + 6) * 2));
    assert_eq!(count(1), ((4 + 1) * (2 + 16) * 2, (4 + 1) * (2 + 3) * 2));
    assert_eq!(count(2), ((4 + 4) * (2 + 16) * 2, (4 + 1) * (2 + 1)));
    assert_eq!(count(3), ((4 + 4) * (2 + 16) * 2, (4 + 1) * (2 + 6)));
    // Every situation is listed once.
    let space = Space::full(&policy, policy.destination_ids().next().unwrap()).unwrap();
    let all: std::collections::HashSet<_> = space.situations().collect();
    assert_eq!(all.len() as u128, space.count().unwrap());
}

#[test]
fn too_many_categories_are_reduced_and_then_sampled() {
    let names = |count: usize| (0..count).map(|id| format!("c{id}")).collect::<Vec<_>>().join(", ");
    let declared: String = (0..130).map(|id| format!("category c{id}\n")).collect();
    let policy = parse(&format!(
        "{declared}destination \"few\" needs {}\ndestination \"many\" needs {}\ndestination \"most\" needs {}",
        names(7),
        names(40),
        names(130)
    ));
    let certificate = certify(&Table::new(policy), 1 << 13);
    assert!(certificate.differences.is_empty(), "{:?}", certificate.differences);
    let coverage: Vec<Coverage> = certificate.coverage.iter().map(|(_, coverage)| *coverage).collect();
    let forty = (4 + (1u128 << 40)) * 8 * 2;
    assert_eq!(
        coverage,
        [
            Coverage::Reduced((4 + 128) * 8 * 2),
            Coverage::Sampled { compared: 1 << 13, of: Some(forty) },
            Coverage::Sampled { compared: 1 << 13, of: None },
        ]
    );
}

/// A sample meets every combination of everything but the preferences, and both values of every preference.
#[test]
fn samples_meet_every_state() {
    let declared: String = (0..20).map(|id| format!("category c{id}\n")).collect();
    let names: Vec<String> = (0..20).map(|id| format!("c{id}")).collect();
    for kind in ["", " kind warehouse"] {
        for exempt in ["none", "\"X\""] {
            let policy = parse(&format!(
                "{declared}override exempt events {exempt}\ndestination \"W\" needs {}{kind}",
                names.join(", ")
            ));
            let space = Space::reduced(&policy, policy.destination_ids().next().unwrap()).unwrap();
            let mut met = std::collections::HashSet::new();
            let mut granted = [[false; 2]; 20];
            for number in 0..5_000 {
                let situation = space.sample(number);
                assert!(space.contains(&situation), "{situation:?}");
                for (seen, preference) in granted.iter_mut().zip(&situation.preferences) {
                    seen[usize::from(*preference == consentry::event::Preference::Granted)] = true;
                }
                met.insert((
                    situation.consent,
                    situation.integrations,
                    situation.entry,
                    situation.all,
                    situation.exempt_event,
                ));
            }
            let (entries, exempt) =
                (if kind.is_empty() { 6 } else { 3 }, if exempt == "none" { 1 } else { 2 });
            assert_eq!(met.len(), 5 * (2 + entries) * exempt);
            assert_eq!(granted, [[true; 2]; 20]);
        }
    }
}
