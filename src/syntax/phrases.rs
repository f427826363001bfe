//! The rules of the grammar as a person would name them.

use super::generated::Rule;
use crate::diagnostic::listed;

/// Returns true if a phrase is among those that are expected.
pub(super) fn expects(expected: &[String], phrase: &str) -> bool {
    expected.iter().any(|one| one == phrase)
}

/// Names the rules that the parser expected as a person would, each once.
pub(super) fn phrases(rules: &[Rule]) -> Vec<String> {
    let mut phrases: Vec<String> = rules.iter().filter_map(|rule| phrase(*rule)).collect();
    phrases.sort_unstable();
    phrases.dedup();
    phrases
}

/// How a name is asked for.
pub(super) const A_NAME: &str = "a name";

/// How a text is asked for.
pub(super) const A_TEXT: &str = "a text in quotes";

/// The phrase for what a promise covers.
pub(super) const A_SUBJECT: &str = "names of destinations and kinds";

/// The phrase for a shape of consent.
pub(super) const A_SHAPE: &str = "a shape";

/// The phrase for the way in which several places come together.
pub(super) const A_PLACES_RULE: &str = "`all`, `any refuses` or `first present`";

/// The phrase for a strategy.
pub(super) const A_QUANTIFIER: &str = "`all` or `any`";

/// The phrase for a value of an input.
pub(super) const A_VALUE: &str = "a value";

/// The phrase for what an input may be.
pub(super) const AN_INPUT_STATE: &str = "a value, `absent` or `other`";

/// The phrase for what an input may be in a row of the reconcile table.
pub(super) const AN_INPUT_CELL: &str = "a value, `absent`, `other` or `any`";

/// The phrase for an expectation of a test.
pub(super) const AN_EXPECTATION: &str = "`deliver`, `block` or `drop`";

/// The phrase for the ledger's answer in a test.
pub(super) const AN_ANSWER: &str = "`unknown`, `unreachable` or `{`";

/// Names a rule as a person would; `None` for what is never worth naming.
fn phrase(rule: Rule) -> Option<String> {
    let named = match rule {
        Rule::COMMENT | Rule::WHITESPACE => return None,
        // Nobody is to write an old word.
        old if format!("{old:?}").starts_with("old_") => return None,
        Rule::EOI | Rule::statement => "a new statement",
        Rule::name | Rule::names | Rule::bare | Rule::plain | Rule::element => A_NAME,
        Rule::text | Rule::old_further_name => A_TEXT,
        Rule::label => "a description in quotes",
        Rule::key | Rule::path => "the name of a member",
        Rule::number => "a number",
        Rule::finding => "the name of a finding",
        Rule::reason => "a reason",
        Rule::json => "an event as JSON",
        Rule::options => "`{}`",
        Rule::cases => "`consent integrations expect`",
        Rule::case_consent
        | Rule::case
        | Rule::recorded_case
        | Rule::short_case
        | Rule::short_recorded_case => "a consent state or `{`",
        Rule::case_integrations => "an integrations state or `{`",
        Rule::case_recorded => AN_ANSWER,
        Rule::stated_preference | Rule::recorded_preference => "`category: granted`",
        Rule::stated_entry => "`\"destination\": on`",
        Rule::stated_consent => "`consent`",
        Rule::stated_integrations => "`integrations`",
        Rule::stated_recorded => "`recorded`",
        Rule::stated_event => "`event`",
        Rule::stated_input => "`input`",
        Rule::columns | Rule::column => "the name of an input",
        Rule::value | Rule::json_number => A_VALUE,
        Rule::input_state | Rule::input_states => AN_INPUT_STATE,
        Rule::input_cell => AN_INPUT_CELL,
        Rule::input_values => "`values`",
        Rule::input_conditions | Rule::input_condition => A_NAME,
        Rule::quantifier | Rule::strategy_case => A_QUANTIFIER,
        Rule::by_strategy => "`by strategy of`",
        Rule::refused_when => "`refused when`",
        Rule::expectation => AN_EXPECTATION,
        Rule::expected_reason => "`because`",
        Rule::promised | Rule::subject => A_SUBJECT,
        Rule::promise => "`never` or `always`",
        Rule::implied_consent => "`implied`",
        Rule::gate_opens_on | Rule::gate_without_consent => "`gate`",
        Rule::library_loads => "`library`",
        Rule::router_knows => "`router`",
        Rule::batches => "`batches`",
        Rule::foreign_consent => "`foreign`",
        Rule::non_boolean_all => "`non-boolean All`",
        Rule::as_entry => "`as entry`",
        Rule::envelope_ignored => "`envelope ignored`",
        Rule::ledger_also_records | Rule::ledger_version | Rule::ledger_grants => "`ledger`",
        Rule::any_grant => "`any grant`",
        Rule::needed_grant => "`needed grant`",
        Rule::some_names => "`some names`",
        Rule::own_names => "`own names`",
        Rule::event_names => A_TEXT,
        Rule::condition => "a condition",
        Rule::ledger_result => "`recording`, `unknown`, `unreachable`, `unstamped`, `agrees` or `mismatch`",
        Rule::entry_state => "`on`, `off`, `unlisted` or `invalid`",
        Rule::row | Rule::consent_states | Rule::consent_state => "a consent state",
        Rule::integrations_states | Rule::integrations_state => "an integrations state",
        Rule::enforce => "what to enforce",
        Rule::ignores_all => "`ignores All`",
        Rule::wire_ids | Rule::equals => "`=`",
        Rule::unasked_granted => "`unasked granted`",
        Rule::shape => A_SHAPE,
        Rule::place => "the name of a place",
        Rule::places_rule => A_PLACES_RULE,
        Rule::from_places => "`from`",
        Rule::list => "`list`",
        Rule::delimited_text => "`text by`",
        Rule::granted_words => "`granted`",
        Rule::refused_words => "`refused`",
        Rule::unasked_words => "`unasked`",
        Rule::skipped => "`skip`",
        Rule::group => "`all of` or `any of`",
        Rule::all_of => "`all of`",
        Rule::any_of => "`any of`",
        Rule::comma => "`,`",
        Rule::dot => "`.`",
        Rule::colon => "`:`",
        Rule::bar => "`|`",
        Rule::open_brace => "`{`",
        Rule::close_brace => "`}`",
        Rule::open_parenthesis => "`(`",
        Rule::close_parenthesis => "`)`",
        // Every other rule is called like the word it begins with.
        other => {
            let name = format!("{other:?}");
            return Some(format!(
                "`{}`",
                name.strip_prefix("word_").or(name.strip_prefix("local_")).unwrap_or(&name).replace('_', "-")
            ));
        }
    };
    Some(named.into())
}

pub(super) fn one_of<'a>(phrases: impl Iterator<Item = &'a str>) -> String {
    let phrases = listed(phrases, "or");
    if phrases.is_empty() { "something else".to_owned() } else { phrases }
}
