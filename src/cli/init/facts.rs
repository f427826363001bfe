//! What a first policy says, gathered from flags, files and answers. What contradicts itself is refused.

use super::Undone;
use consentry::diagnostic::visible;
use consentry::syntax::MAX_FILE_BYTES;
use consentry::{MAX_CATEGORIES, MAX_DESTINATIONS, Mode};
use std::collections::HashMap;

/// The facts of a policy.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) prelude: String,
    /// Where the facts come from, as a comment says it.
    pub(super) origins: Vec<String>,
    categories: Vec<Category>,
    destinations: Vec<Destination>,
    by_name: HashMap<String, usize>,
    by_wire_id: HashMap<String, usize>,
    by_destination: HashMap<String, usize>,
    /// How long all names are together, which bounds memory.
    length: usize,
}

#[derive(Debug)]
pub(super) struct Category {
    pub(super) name: String,
    pub(super) wire_id: String,
    /// How often it was seen.
    pub(super) note: Option<String>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Destination {
    pub(super) name: String,
    /// The categories that it needs, by their places, without repetition. None of them: nobody has decided yet.
    pub(super) needs: Vec<usize>,
    pub(super) mode: Option<Mode>,
    pub(super) kind: Option<String>,
    /// How often it was seen.
    pub(super) note: Option<String>,
}

impl Facts {
    /// A policy that says nothing yet but its name and the prelude that it starts from.
    pub(super) fn of(name: String, prelude: String) -> Self {
        Facts { name, prelude, ..Facts::default() }
    }

    pub(super) fn categories(&self) -> &[Category] {
        &self.categories
    }

    pub(super) fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// The place of a category by its name.
    pub(super) fn category_named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The place of a category, which is added if it is new. Without a wire id it is the name.
    pub(super) fn category(&mut self, name: &str, wire_id: Option<&str>) -> Result<usize, Undone> {
        if name.is_empty() || wire_id == Some("") {
            return Err(Undone::new("a category has a name and a wire id that are not empty"));
        }
        if let Some((place, known)) =
            self.by_name.get(name).and_then(|place| Some((*place, self.categories.get(*place)?)))
        {
            return match wire_id {
                Some(wire_id) if wire_id != known.wire_id => Err(Undone::new(format!(
                    "the category `{}` has two wire ids: `{}` and `{}`",
                    visible(name),
                    visible(&known.wire_id),
                    visible(wire_id)
                ))),
                _ => Ok(place),
            };
        }
        let wire_id = wire_id.unwrap_or(name);
        if let Some(known) = self.by_wire_id.get(wire_id).and_then(|place| self.categories.get(*place)) {
            return Err(Undone::new(format!(
                "the categories `{}` and `{}` have one wire id, `{}`",
                visible(&known.name),
                visible(name),
                visible(wire_id)
            )));
        }
        let place = self.categories.len();
        if place >= MAX_CATEGORIES {
            return Err(Undone::new(format!(
                "there are more than {MAX_CATEGORIES} categories, which a policy cannot have"
            )));
        }
        self.grow(name.len() + wire_id.len())?;
        self.by_name.insert(name.into(), place);
        self.by_wire_id.insert(wire_id.into(), place);
        self.categories.push(Category { name: name.into(), wire_id: wire_id.into(), note: None });
        Ok(place)
    }

    /// Notes how often a wire id was seen; one that is new becomes a category of that name.
    pub(super) fn saw_category(&mut self, wire_id: &str, note: String) -> Result<(), Undone> {
        let place = match self.by_wire_id.get(wire_id) {
            Some(place) => *place,
            None => {
                // A name is no wire id: what people have agreed to under one must not count under another.
                let named = self.by_name.get(wire_id).and_then(|place| self.categories.get(*place));
                if let Some(other) = named {
                    let (wire_id, other) = (visible(wire_id), visible(&other.wire_id));
                    return Err(Undone::new(format!(
                        "events carry the wire id `{wire_id}`, and the category of that name is said to have `{other}`: \
                         leave that out, or give the category another name"
                    )));
                }
                self.category(wire_id, None)?
            }
        };
        if let Some(category) = self.categories.get_mut(place) {
            category.note = Some(note);
        }
        Ok(())
    }

    /// Adds a destination. One that is there already must not say something else, but may say what was open.
    pub(super) fn destination(&mut self, new: Destination) -> Result<(), Undone> {
        let shown = visible(&new.name);
        match new.name.as_str() {
            "" => return Err(Undone::new("a destination has a name that is not empty")),
            "All" => {
                return Err(Undone::new(
                    "no destination may be called `All`: in the integrations object it stands for all of them",
                ));
            }
            _ => {}
        }
        let Some(known) =
            self.by_destination.get(&new.name).and_then(|place| self.destinations.get_mut(*place))
        else {
            if self.destinations.len() >= MAX_DESTINATIONS {
                return Err(Undone::new(format!(
                    "there are more than {MAX_DESTINATIONS} destinations, which a policy cannot have"
                )));
            }
            self.grow(new.name.len() + new.needs.len())?;
            self.by_destination.insert(new.name.clone(), self.destinations.len());
            self.destinations.push(new);
            return Ok(());
        };
        let mut needs = (known.needs.clone(), new.needs.clone());
        needs.0.sort_unstable();
        needs.1.sort_unstable();
        if !needs.0.is_empty() && !needs.1.is_empty() && needs.0 != needs.1 {
            return Err(Undone::new(format!(
                "`{shown}` is there twice and needs different categories; say all that it needs once"
            )));
        }
        if known.mode.zip(new.mode).is_some_and(|(known, new)| known != new)
            || known.kind.as_ref().zip(new.kind.as_ref()).is_some_and(|(known, new)| known != new)
        {
            return Err(Undone::new(format!("`{shown}` is there twice with different modes or kinds")));
        }
        if known.needs.is_empty() {
            known.needs = new.needs;
        }
        known.mode = known.mode.or(new.mode);
        known.kind = known.kind.take().or(new.kind);
        known.note = new.note.or(known.note.take());
        Ok(())
    }

    fn grow(&mut self, by: usize) -> Result<(), Undone> {
        self.length += by;
        match self.length > MAX_FILE_BYTES {
            true => Err(Undone::new(format!(
                "all names together are longer than {MAX_FILE_BYTES} bytes, which is more than a policy file may have"
            ))),
            false => Ok(()),
        }
    }
}
