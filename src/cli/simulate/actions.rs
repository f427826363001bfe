//! What the arguments say that a person does.

use consentry::report::visit::listed_name;
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
    pub(super) fn parse(policy: &Policy, text: &str) -> Result<Self, String> {
        let (word, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let rest = rest.trim();
        match (word, rest) {
            ("event", name) => Ok(Action::Event((!name.is_empty()).then(|| name.to_owned()))),
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

/// Categories by their names in the policy, separated by commas; `all`, or `nothing`. A name in quotes is read as a policy reads it, so
/// that a category may have a comma in it or be called `all`.
pub(super) fn choice(policy: &Policy, text: &str) -> Result<Choice, String> {
    match text.trim() {
        "all" => return Ok(Choice::everything(policy)),
        "nothing" => return Ok(Choice::nothing(policy)),
        _ => {}
    }
    let ids = names(text)?.iter().map(|name| category(policy, name)).collect::<Result<Vec<_>, _>>()?;
    Ok(Choice::of(policy, &ids))
}

/// The names in a list.
fn names(text: &str) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    loop {
        let (name, behind) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)
                .ok_or_else(|| format!("`{rest}`: the quotes do not end, or have a wrong escape in them"))?,
            None => {
                let (name, behind) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
                (name.trim_end().to_owned(), behind)
            }
        };
        names.push(name);
        match behind.trim_start() {
            "" => return Ok(names),
            more => match more.strip_prefix(',') {
                Some(more) => rest = more.trim_start(),
                None => return Err(format!("`{more}` after a name in quotes: separate names by commas")),
            },
        }
    }
}

/// A text up to its closing quotes, its escapes resolved as in a policy, and what is behind them.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((name, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'u' => {
                    let (number, _) = text.get(at + 2..)?.strip_prefix('{')?.split_once('}')?;
                    name.push(char::from_u32(u32::from_str_radix(number, 16).ok()?)?);
                    chars.nth(number.len() + 1)?;
                }
                kept => name.push(kept),
            },
            char => name.push(char),
        }
    }
    None
}

fn category(policy: &Policy, name: &str) -> Result<CategoryId, String> {
    policy.category_named(name).ok_or_else(|| {
        let names: Vec<String> = policy.categories().iter().map(|one| listed_name(one.name())).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("`{name}` is no category of the policy: it has {known}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names may have commas and quotes in them, and be called like the words for everything and nothing.
    #[test]
    fn names_are_read_as_they_are_shown() {
        let text = r#"consentry 1 policy "p" include prelude "segment"
            category "a, b" category "all" category "say \"x\\" category "x\u{202E},y" category Plain"#;
        let policy = Policy::parse(text).unwrap();
        for category in policy.category_ids() {
            let name = policy.category(category).unwrap().name();
            let shown = listed_name(name);
            assert_eq!(choice(&policy, &shown), Ok(Choice::of(&policy, &[category])), "{shown}");
            let twice = format!(" {shown} ,Plain, {shown}");
            let plain = policy.category_named("Plain").unwrap();
            assert_eq!(choice(&policy, &twice), Ok(Choice::of(&policy, &[category, plain])), "{twice}");
        }
        assert_eq!(choice(&policy, "all"), Ok(Choice::everything(&policy)));
        assert_eq!(choice(&policy, " nothing "), Ok(Choice::nothing(&policy)));
        for (text, said) in [
            ("a, b", "`a` is no category of the policy: it has \"a, b\", \"all\", "),
            ("\"a, b", "the quotes do not end"),
            ("\"all\" Plain", "`Plain` after a name in quotes"),
            ("Plain,", "`` is no category"),
        ] {
            let error = choice(&policy, text).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        let none = Policy::parse(r#"consentry 1 policy "p" include prelude "segment""#).unwrap();
        assert!(choice(&none, "A").unwrap_err().ends_with("it has none"));
    }
}
