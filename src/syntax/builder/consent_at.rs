//! `consent at …` → where an event carries what a person chose, and in which shape.

use super::{Builder, Pair, Rule, child, children, has};
use crate::diagnostic::Spanned;
use crate::spelled::Spelled;
use crate::syntax::tree::*;

impl Builder<'_> {
    pub(super) fn consent_statement(&mut self, pair: &Pair<Rule>) -> Option<ConsentStatement> {
        let Some(rule) = child(pair, Rule::places_rule) else {
            return Some(ConsentStatement { places: vec![self.consent_at(pair, None)?], rule: None });
        };
        let rule = self.placed(&rule, |_, rule| {
            Some(match () {
                () if has(rule, Rule::word_all) => PlacesRule::All,
                () if has(rule, Rule::word_any) => PlacesRule::AnyRefuses,
                () => PlacesRule::FirstPresent,
            })
        })?;
        let places = self.each(pair, Rule::place, |builder, place| {
            let name = builder.named(place, Rule::name)?;
            builder.consent_at(place, Some(name))
        })?;
        Some(ConsentStatement { places, rule: Some(rule) })
    }

    fn consent_at(&mut self, pair: &Pair<Rule>, name: Option<Text>) -> Option<ConsentAt> {
        let written = child(pair, Rule::path)?;
        let path = self.names(&written, Rule::key)?;
        if let Some(spelled) = child(pair, Rule::old_also_spelled) {
            self.old_also_spelled(pair, &spelled)?;
        }
        let shape = match child(pair, Rule::shape) {
            Some(shape) => self.placed(&shape, Self::shape)?,
            None => Spanned::new(Shape::Booleans { within: None, reversed: false }, self.whole(&written)),
        };
        let unlisted = self.each(pair, Rule::unlisted, |builder, unlisted| {
            builder.placed(unlisted, |_, unlisted| Preference::ending(children(unlisted).last()?.as_str()))
        })?;
        Some(ConsentAt {
            name,
            path,
            aliases: self.names(pair, Rule::key)?,
            shape,
            unlisted: unlisted.into_iter().next(),
            skip: self.values_of(pair, Rule::skipped)?,
            absent: self.absent(pair)?,
        })
    }

    fn shape(&mut self, pair: &Pair<Rule>) -> Option<Shape<Text>> {
        let shape = children(pair).next()?;
        let listed = |shape| Listed::ending(children(shape).next()?.as_str());
        Some(match shape.as_rule() {
            Rule::booleans => Shape::Booleans {
                within: self.names(&shape, Rule::key)?.pop(),
                reversed: has(&shape, Rule::local_reversed),
            },
            Rule::words => Shape::Words {
                granted: self.values_of(&shape, Rule::granted_words)?,
                refused: self.values_of(&shape, Rule::refused_words)?,
                unasked: self.values_of(&shape, Rule::unasked_words)?,
            },
            Rule::list => Shape::List { listed: listed(&shape)? },
            Rule::delimited_text => {
                Shape::DelimitedText { listed: listed(&shape)?, separator: self.named(&shape, Rule::text)? }
            }
            Rule::pairs => {
                let mut separators = self.names(&shape, Rule::text)?.into_iter();
                Shape::Pairs {
                    between: separators.next()?,
                    within: separators.next()?,
                    granted: self.values_of(&shape, Rule::granted_words)?,
                    refused: self.values_of(&shape, Rule::refused_words)?,
                }
            }
            _ => return None,
        })
    }

    /// Reads the texts of a part, if it is there. They may be empty.
    fn values_of(&mut self, pair: &Pair<Rule>, part: Rule) -> Option<Vec<Text>> {
        let Some(part) = child(pair, part) else { return Some(Vec::new()) };
        self.each(&part, Rule::text, |builder, text| Some(builder.value(text)))
    }
}
