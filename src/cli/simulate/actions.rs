//! What the arguments say that a person does.

use consentry::visit::Choice;
use consentry::{CategoryId, Policy};

/// One action.
pub(super) enum Action {
    Event(Option<String>),
    Choose(Choice),
    Close,
    Scroll,
    Load,
    Leave,
}

impl Action {
    pub(super) fn of(policy: &Policy, text: &str) -> Result<Self, String> {
        let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let rest = rest.trim();
        match (word, rest) {
            ("event", "") => Ok(Action::Event(None)),
            ("event", name) => Ok(Action::Event(Some(name.to_owned()))),
            ("choose", "") => Err("`choose` what? name categories, `all` or `nothing`".to_owned()),
            ("choose", categories) => choice(policy, categories).map(Action::Choose),
            ("reject", "") => Ok(Action::Choose(Choice::nothing(policy))),
            ("close", "") => Ok(Action::Close),
            ("scroll", "") => Ok(Action::Scroll),
            ("load", "") => Ok(Action::Load),
            ("leave", "") => Ok(Action::Leave),
            ("reject" | "close" | "scroll" | "load" | "leave", _) => {
                Err(format!("`{word}` stands alone; each action is an argument of its own"))
            }
            _ => Err(format!(
                "`{text}` is no action: `event`, `choose`, `reject`, `close`, `scroll`, `load` and `leave` are"
            )),
        }
    }
}

/// Categories by their names in the policy, separated by commas; `all`, or `nothing`.
pub(super) fn choice(policy: &Policy, text: &str) -> Result<Choice, String> {
    match text.trim() {
        "all" => return Ok(Choice::everything(policy)),
        "nothing" => return Ok(Choice::nothing(policy)),
        _ => {}
    }
    let ids = text.split(',').map(|name| category(policy, name.trim())).collect::<Result<Vec<_>, _>>()?;
    Ok(Choice::of(policy, &ids))
}

fn category(policy: &Policy, name: &str) -> Result<CategoryId, String> {
    policy.category_named(name).ok_or_else(|| {
        let names: Vec<&str> = policy.categories().iter().map(|category| category.name()).collect();
        format!("`{name}` is no category of the policy: it has {}", names.join(", "))
    })
}
