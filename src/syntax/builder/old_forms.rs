//! Statements and attributes in old words → what they are today. Each is reported, with the fix that rewrites it.

use super::{Builder, Pair, Rule, all, child, children, has};
use crate::diagnostic::{Code, Edit, Span};
use crate::syntax::old_words::{old_word, statement_below, without_comma};
use crate::syntax::tree::*;

impl Builder<'_> {
    /// Reports a statement whose first words are old. Returns true if it is one.
    pub(super) fn report_old_statement(&mut self, pair: &Pair<Rule>) -> Option<bool> {
        let Some(OldStatement { code, old, new }) = old_statement(pair) else {
            return Some(pair.as_rule() == Rule::old_records);
        };
        let words = self.spans(pair);
        self.old(code, words.get(..old.split(' ').count())?, old, new);
        Some(true)
    }

    pub(super) fn old_none_given(&mut self, pair: &Pair<Rule>) {
        self.old(Code::OldNoneGiven, &self.spans(pair), "none given", "unanswered");
    }

    /// Reports `also spelled` behind a path.
    pub(super) fn old_also_spelled(&mut self, pair: &Pair<Rule>, spelled: &Pair<Rule>) -> Option<()> {
        let words = self.spans(spelled);
        let comma = self.whole(&child(pair, Rule::comma)?);
        let more = vec![without_comma(self.text, comma)];
        self.add_old(old_word(self.text, Code::OldAlsoSpelled, &words, ["also spelled", "alias"], more));
        Some(())
    }

    /// Reads `ledger records`, which is two statements today.
    pub(super) fn old_records(&mut self, pair: &Pair<Rule>, overrides: bool) -> Option<Vec<Fact>> {
        let whole = self.span(pair);
        let events = || all(pair, Rule::old_recorded_event);
        let is_name = |event: &Pair<Rule>| has(event, Rule::text);
        let has_names = events().any(|event| is_name(&event));
        let identify = !events().all(|event| is_name(&event));
        let (mut names, mut edits) = (Vec::new(), Vec::new());
        let (mut comma, mut is_kept) = (None, false);
        for part in children(pair) {
            let place = self.whole(&part);
            match part.as_rule() {
                Rule::comma => comma = Some(place),
                Rule::old_recorded_event => {
                    let text = child(&part, Rule::text);
                    // The comma before the first name that stays goes with the words before it.
                    let comma = comma.take().filter(|_| text.is_none() || !is_kept);
                    edits.extend(comma.map(|comma| Edit::new(comma, "")));
                    match text {
                        Some(text) => names.push(self.name(&text)?),
                        None => {
                            let none = if has_names || is_kept { "" } else { "none" };
                            edits.push(Edit::new(place, none));
                        }
                    }
                    is_kept |= !names.is_empty() || !has_names;
                }
                _ => {}
            }
        }
        let word = if overrides { "override " } else { "" };
        let (value, also) = match identify {
            true => ("identify", AlsoRecords::Identify),
            false => ("nothing", AlsoRecords::Nothing),
        };
        edits.push(statement_below(self.text, whole, &format!("{word}ledger also records  {value}")));
        let words = self.spans(pair);
        let old = ["ledger records", "preference events"];
        let error = old_word(self.text, Code::OldLedgerRecords, words.get(..2)?, old, edits);
        self.add_old(error.help(format!(
            "write the names after `{word}preference events`, and `{word}ledger also records {value}`; `consentry lint --fix` does it"
        )));
        Some(vec![Fact::PreferenceEvents(names), Fact::LedgerAlsoRecords(also)])
    }

    /// `also "a", shared "b"`: each run of shared names, or of names that are not, becomes an alias of its own.
    pub(super) fn old_also(&mut self, pair: &Pair<Rule>) -> Option<Vec<Alias>> {
        let mut also = None;
        let mut comma = None;
        let (mut aliases, mut edits): (Vec<Alias>, _) = (Vec::new(), Vec::new());
        for part in children(pair) {
            let place = self.whole(&part);
            match part.as_rule() {
                Rule::word_also => also = Some(place),
                Rule::comma => comma = Some(place),
                _ => {
                    let shared = child(&part, Rule::word_shared).map(|word| self.whole(&word));
                    let name = self.named(&part, Rule::text)?;
                    let is_first = aliases.is_empty();
                    let goes_on = aliases.last().is_some_and(|last| last.shared == shared.is_some());
                    if !goes_on {
                        aliases.push(Alias { names: Vec::new(), shared: shared.is_some() });
                        if let Some(comma) = comma {
                            edits.push(without_comma(self.text, comma));
                        }
                    }
                    match shared {
                        // The word `also` becomes `shared alias`.
                        Some(word) if is_first || goes_on => edits.push(self.without(word)),
                        Some(word) => edits.push(Edit::new(word, "shared alias")),
                        None if is_first || goes_on => {}
                        None => edits.push(Edit::new(name.span.before(), "alias ")),
                    }
                    aliases.last_mut()?.names.push(name);
                }
            }
        }
        let new = if aliases.first().is_some_and(|first| first.shared) { "shared alias" } else { "alias" };
        let error = old_word(self.text, Code::OldAlso, &[also?], ["also", new], edits);
        let written = aliases.iter().map(|alias| {
            let names: Vec<String> =
                alias.names.iter().map(|name| crate::syntax::quoted(&name.value)).collect();
            format!("{} {}", if alias.shared { "shared alias" } else { "alias" }, names.join(", "))
        });
        let written = written.collect::<Vec<_>>().join(" ");
        self.add_old(error.help(format!("write `{written}`; `consentry lint --fix` does it")));
        Some(aliases)
    }

    /// Returns the edit that removes a word and the space after it.
    fn without(&self, word: Span) -> Edit {
        let rest = self.text.get(word.end..).unwrap_or_default();
        let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        Edit::new(Span::new(word.file, word.start, word.end + space), "")
    }
}

/// The first words of a statement that has others now.
pub(super) struct OldStatement {
    code: Code,
    pub(super) old: &'static str,
    pub(super) new: &'static str,
}

/// Returns the old words of a statement; `None` where it has none, or is more than one statement today.
pub(super) fn old_statement(pair: &Pair<Rule>) -> Option<OldStatement> {
    let (code, old, new) = match pair.as_rule() {
        Rule::old_unreadable_integrations => {
            (Code::OldUnreadableIntegrations, "unreadable integrations count as", "invalid entries")
        }
        Rule::old_exempt_event => (Code::OldExemptEvent, "exempt event", "exempt events"),
        Rule::old_preferences => (Code::OldPreferencesAt, "preferences at", "consent at"),
        Rule::old_verify => (Code::OldVerify, "verify", "ledger"),
        Rule::old_model_implied => (Code::OldModelImplied, "model implied means", "implied consent"),
        Rule::old_visit => (Code::OldVisitLoads, "visit loads when", "library loads when"),
        Rule::old_gate_without_consent => {
            let (old, new) = match has(pair, Rule::old_open_word) {
                true => ("gate open without consent", "gate without consent open"),
                false => ("gate closed without consent", "gate without consent closed"),
            };
            (Code::OldGateWithoutConsent, old, new)
        }
        Rule::old_gate => {
            let (old, new) = match child(pair, Rule::old_gate_reading)?.as_str() {
                "table" => ("gate table", "gate opens on any grant"),
                "relevant" => ("gate relevant", "gate opens on needed grant"),
                _ => ("gate exact", "gate opens on delivery"),
            };
            (Code::OldGate, old, new)
        }
        _ => return None,
    };
    Some(OldStatement { code, old, new })
}
