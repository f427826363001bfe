//! Visits and tables as one JSON document, which `grammar/simulate.schema.json` describes.

use super::tables::Tables;
use super::words;
use super::{Line, Told};
use consentry::visit::{Choice, Phase, Possibility, Step, Visitor};
use consentry::{Banner, Consent, DestinationId, GateOpens, Policy, Preference};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

pub(super) fn visit(to: &mut impl Write, told: &Told<'_>) -> io::Result<()> {
    let (policy, site) = (told.policy, &told.site);
    let counts = told.counts();
    let document = json!({
        "v": 1,
        "policy": policy.name(),
        "edition": policy.edition(),
        "site": {
            "banner": words::banner(site.banner),
            "model": words::model(site.model),
            "taken_as": words::folding(site.taken_as()),
            "gate": gate_word(site.gate),
        },
        "stored": match &told.visitor {
            Visitor::First => Value::Null,
            Visitor::Returning(stored) => choice(policy, stored),
        },
        "steps": told.lines.iter().map(|one| match one {
            Line::Step(one) => step(told, one),
            Line::Nothing { action } => json!({ "step": "nothing", "action": action }),
        }).collect::<Vec<_>>(),
        "events": {
            "tracked": told.events.len(),
            "sent": counts.sent,
            "missed": counts.missed,
            "dropped": counts.dropped,
            "withheld": counts.withheld,
            "lost": counts.lost,
            "waiting": told.buffered,
        },
        "cookies": counts.cookies,
        "data_loss": rating(site.banner, site.waits_for_a_choice()),
    });
    serde_json::to_writer(&mut *to, &document)?;
    writeln!(to)
}

/// How the documents rate a banner, and why; and whether events wait for a choice that nobody has to make.
fn rating(banner: Banner, waits: bool) -> Value {
    let possibility = Possibility::of(banner);
    let causes: &[&str] = match possibility {
        Possibility::Low => &[],
        Possibility::Medium => &["compliance_risk", "data_loss"],
    };
    let causes: Vec<&str> = causes.iter().copied().chain(waits.then_some("no_choice")).collect();
    json!({ "possibility": possibility.word(), "causes": causes })
}

/// By wire id, whether a category is granted.
fn choice(policy: &Policy, choice: &Choice) -> Value {
    let all = policy.categories().iter().zip(choice.categories());
    all.map(|(category, granted)| (category.wire_id().to_owned(), json!(granted)))
        .collect::<Map<_, _>>()
        .into()
}

/// The preferences of a stamped event.
fn stamp(consent: &Consent<'_>) -> Value {
    let all = consent.preferences().iter();
    let granted = |preference: &Preference| *preference == Preference::Granted;
    all.map(|(name, one)| (name.to_string(), json!(granted(one)))).collect::<Map<_, _>>().into()
}

fn names(policy: &Policy, ids: &[DestinationId]) -> Vec<String> {
    ids.iter().filter_map(|id| policy.destination(*id)).map(|one| one.name().to_owned()).collect()
}

fn step(told: &Told<'_>, step: &Step<'_>) -> Value {
    let policy = told.policy;
    let named = |event: usize| told.events.get(event.wrapping_sub(1)).cloned().flatten();
    let destination = |id: &DestinationId| policy.destination(*id).map(|one| one.name());
    match step {
        Step::PageLoads { again } => {
            // "Refreshing a page when a user's consent changes could cause duplicate page events" and "a loss of form state".
            let risks: &[&str] = if *again { &["duplicate_page_events", "lost_form_state"] } else { &[] };
            json!({ "step": "page_loads", "again": again, "risks": risks })
        }
        Step::BannerShown => json!({ "step": "banner_shown" }),
        Step::BannerGone => json!({ "step": "banner_gone" }),
        Step::Chosen(chosen) => json!({ "step": "chosen", "preferences": choice(policy, chosen) }),
        Step::LibraryLoads => json!({ "step": "library_loads" }),
        Step::DeviceLoads(id) => json!({ "step": "device_loads", "destination": destination(id) }),
        Step::Buffered { event } => json!({ "step": "buffered", "event": event, "name": named(*event) }),
        Step::Sent { event, buffered, stamped, dropped, delivered, missed } => json!({
            "step": "sent",
            "event": event,
            "name": named(*event),
            "buffered": buffered,
            "preferences": stamp(&stamped.consent),
            "drop": dropped,
            "deliver": names(policy, delivered),
            "missed": names(policy, missed),
        }),
        Step::Withheld { event, stamped, unreached } => json!({
            "step": "withheld",
            "event": event,
            "name": named(*event),
            "preferences": stamp(&stamped.consent),
            "unreached": names(policy, unreached),
        }),
        Step::Lost { event, cause } => {
            json!({ "step": "lost", "event": event, "name": named(*event), "cause": cause.word() })
        }
        Step::KeepsCollecting(id) => json!({ "step": "keeps_collecting", "destination": destination(id) }),
        Step::NeedsPageLoad(id) => json!({ "step": "needs_page_load", "destination": destination(id) }),
        Step::Left => json!({ "step": "left" }),
    }
}

pub(super) fn tables(to: &mut impl Write, tables: &Tables<'_>) -> io::Result<()> {
    let policy = tables.policy;
    let phase = |one: &Phase| {
        json!({
            "loaded": one.loaded,
            "buffered": one.buffered,
            "lost": one.lost,
            "deliver": names(policy, &one.delivered),
        })
    };
    let banners = tables.banners.iter().map(|row| {
        let [out, in_] = row.loads_with_page;
        json!({
            "banner": words::banner(row.banner),
            "displayed": row.displayed,
            "required": row.required,
            "loads_with_page": { "opt-out": out, "opt-in": in_ },
            "data_loss": rating(row.banner, false),
        })
    });
    let scenarios = tables.scenarios.iter().map(|row| {
        json!({
            "visitor": if row.scenario.returning { "returning" } else { "first" },
            "model": words::model(row.scenario.model),
            "banner": words::banner(row.scenario.banner),
            "action": row.scenario.action.word(),
            "before": row.before.as_ref().map(phase),
            "after": phase(&row.after),
            "after_rejecting": row.after_rejecting.as_ref().map(phase),
            "loses": row.loses,
            "may_lose": row.may_lose,
            "keep_collecting": names(policy, &row.keep_collecting),
            "need_page_load": names(policy, &row.need_page_load),
        })
    });
    let wrapper = tables.wrapper.iter().map(|row| {
        let readings = row.flows.iter().map(|(reading, flow)| (gate_word(*reading), json!(flow.word())));
        json!({
            "row": row.row,
            "granted": row.granted,
            "unmapped": super::tables::unmapped(row.unmapped),
            "mapped": super::tables::mapped(row.mapped),
            "gate": readings.collect::<Map<_, _>>(),
        })
    });
    let document = json!({
        "v": 1,
        "policy": policy.name(),
        "edition": policy.edition(),
        "gate": gate_word(tables.gate),
        "stored": choice(policy, &tables.stored),
        "chosen": choice(policy, &tables.chosen),
        "banners": banners.collect::<Vec<_>>(),
        "scenarios": scenarios.collect::<Vec<_>>(),
        "wrapper": wrapper.collect::<Vec<_>>(),
    });
    serde_json::to_writer(&mut *to, &document)?;
    writeln!(to)
}

/// What opens the gate, as the JSON of `eval` spells it too: `any_grant`.
fn gate_word(opens: GateOpens) -> String {
    opens.word().replace(' ', "_")
}
