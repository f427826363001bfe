//! Keys that are called like consent (section 1 of the semantics, "Foreign consent"): of what an event has under them, a policy may not be
//! silent.

use crate::syntax::tree::Scalar;

/// Objects of an event in which consent and integrations are looked for.
pub(crate) const HOLDERS: [&str; 2] = ["context", "options"];

/// The key of the integrations object.
pub(crate) const INTEGRATIONS: &str = "integrations";

/// Letters in the keys of objects and lists that hold consent.
const CONSENT: [&str; 4] = ["consent", "categorypreference", "optanon", "onetrust"];

/// The keys of TCF strings, by their letters.
const TCF: [&str; 8] = [
    "tcstring",
    "tcfstring",
    "iabtcftcstring",
    "consentstring",
    "euconsent",
    "euconsentv2",
    "gdprconsent",
    "gdprconsentstring",
];

/// The keys of GPP strings, by their letters.
const GPP: [&str; 4] = ["gpp", "gppstring", "gppconsent", "iabgpphdrgppstring"];

/// The keys of texts of groups, by their letters.
const GROUPS: [&str; 6] = [
    "activegroups",
    "optanonactivegroups",
    "onetrustactivegroups",
    "onetrustgroups",
    "optanonconsent",
    "consentgroups",
];

/// The key of a text of groups inside consent.
const GROUPS_INSIDE: &str = "groups";

/// The kind of consent that a text under a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConsentText {
    /// A string of IAB's Transparency and Consent Framework.
    Tcf,
    /// A string of IAB's Global Privacy Platform.
    Gpp,
    /// Groups of a consent platform.
    Groups,
}

/// Returns the letters and digits of a key, in lower case.
pub(crate) fn letters(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect()
}

/// Returns true for a key, by its letters, whose object or list holds consent.
pub(crate) fn are_like_consent(letters: &str) -> bool {
    CONSENT.iter().any(|word| letters.contains(word))
}

/// Returns what a text says under a key, by its letters: outside consent, or inside an object that is called like it.
pub(crate) fn text(letters: &str, is_inside: bool) -> Option<ConsentText> {
    match () {
        () if TCF.contains(&letters) => Some(ConsentText::Tcf),
        () if GPP.contains(&letters) => Some(ConsentText::Gpp),
        () if GROUPS.contains(&letters) || is_inside && letters == GROUPS_INSIDE => Some(ConsentText::Groups),
        () => None,
    }
}

/// Returns true if one of the values would count as consent at a path, for a policy that reads preferences in the object to which `parents` lead.
/// Next to the preferences only what looks like one does; in other objects that are called like consent everything does.
pub(crate) fn count_as_consent(values: &[Scalar], path: &[String], parents: &[String]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    let is_inside = above.iter().any(|key| are_like_consent(&letters(key)));
    let is_preference = |value: &Scalar| match value {
        Scalar::Boolean(_) => true,
        Scalar::Text(word) => word.eq_ignore_ascii_case("granted") || word.eq_ignore_ascii_case("denied"),
        Scalar::Number(_) | Scalar::Null => false,
    };
    text(&letters(last), is_inside).is_some()
        || is_inside && (!parents.starts_with(above) || values.iter().any(is_preference))
}
