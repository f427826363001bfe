//! The preludes: ordinary policy files under `policies/`, built into the crate.

const PRELUDES: &[(&str, &str)] = &[
    ("segment", include_str!("../../policies/segment.consent")),
    ("segment-strict", include_str!("../../policies/segment-strict.consent")),
    ("segment-2023-overview", include_str!("../../policies/segment-2023-overview.consent")),
    ("segment-2023-reconcile", include_str!("../../policies/segment-2023-reconcile.consent")),
    ("google-consent-mode", include_str!("../../policies/google-consent-mode.consent")),
    ("onetrust-groups", include_str!("../../policies/onetrust-groups.consent")),
    ("rudderstack-server", include_str!("../../policies/rudderstack-server.consent")),
    ("rudderstack-sdk", include_str!("../../policies/rudderstack-sdk.consent")),
];

/// The text of a prelude.
pub fn prelude(name: &str) -> Option<&'static str> {
    PRELUDES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the preludes.
pub fn prelude_names() -> impl Iterator<Item = &'static str> {
    PRELUDES.iter().map(|(name, _)| *name)
}
