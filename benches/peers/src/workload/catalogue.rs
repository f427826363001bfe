//! The categories and destinations of a policy, and its text.

use crate::random::Random;
use std::fmt::Write as _;

/// What the policy declares.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// The wire ids of the categories.
    pub categories: Vec<String>,
    /// The destinations.
    pub destinations: Vec<Destination>,
}

/// A destination and what it needs.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// The categories that must all be granted, as indexes; none when it is unmapped.
    pub needs: Vec<usize>,
}

const CATEGORIES: [&str; 8] = [
    "Advertising",
    "Analytics",
    "Functional",
    "Personalization",
    "DataSharing",
    "Performance",
    "SocialMedia",
    "Research",
];

const DESTINATIONS: [&str; 50] = [
    "Google Ads",
    "Google Ad Manager",
    "Google Analytics",
    "Google Tag Manager",
    "Facebook Pixel",
    "Facebook Conversions API",
    "TikTok Pixel",
    "TikTok Conversions",
    "LinkedIn Insight Tag",
    "Pinterest Tag",
    "Snap Pixel",
    "X Pixel",
    "Microsoft Advertising",
    "Criteo",
    "The Trade Desk",
    "Taboola",
    "Outbrain",
    "Amplitude",
    "Mixpanel",
    "Heap",
    "Adobe Analytics",
    "Chartbeat",
    "Comscore",
    "Nielsen DCR",
    "Quantcast",
    "Hotjar",
    "FullStory",
    "Crazy Egg",
    "Optimizely",
    "LaunchDarkly",
    "Split",
    "VWO",
    "Braze",
    "Iterable",
    "Mailchimp",
    "Klaviyo",
    "Customer.io",
    "OneSignal",
    "Airship",
    "Intercom",
    "Zendesk",
    "HubSpot",
    "Salesforce",
    "Marketo",
    "Slack",
    "Webhooks",
    "Amazon S3",
    "Snowflake",
    "BigQuery",
    "Redshift",
];

/// Of a hundred destinations, how many need 0, 1, 2 and 3 categories.
const NEEDS: [usize; 4] = [10, 54, 26, 10];

impl Catalogue {
    /// A catalogue of these sizes.
    pub fn new(categories: usize, destinations: usize, random: &mut Random) -> Self {
        let category = |id: usize| match CATEGORIES.get(id) {
            Some(name) => (*name).to_owned(),
            None => format!("C{id:04}"),
        };
        let destination = |id: usize| match id / DESTINATIONS.len() {
            0 => DESTINATIONS[id].to_owned(),
            copy => format!("{} {}", DESTINATIONS[id % DESTINATIONS.len()], copy + 1),
        };
        let mut needs: Vec<Vec<usize>> =
            (0..destinations).map(|id| distinct(how_many(id, destinations), categories, random)).collect();
        random.shuffle(&mut needs);
        let destinations = needs.into_iter().enumerate();
        Catalogue {
            categories: (0..categories).map(category).collect(),
            destinations: destinations
                .map(|(id, needs)| Destination { name: destination(id), needs })
                .collect(),
        }
    }

    /// The text of the policy.
    pub fn policy(&self) -> String {
        let mut text = "consentry 1\npolicy \"workload\"\ninclude prelude \"segment\"\n".to_owned();
        for wire_id in &self.categories {
            line(&mut text, format_args!("category {wire_id}"));
        }
        for Destination { name, needs } in &self.destinations {
            let needs: Vec<&str> = needs.iter().map(|id| self.categories[*id].as_str()).collect();
            match needs.as_slice() {
                [] => line(&mut text, format_args!("destination \"{name}\" unmapped")),
                _ => line(&mut text, format_args!("destination \"{name}\" needs {}", needs.join(", "))),
            }
        }
        text
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

/// How many categories the destination of this index needs, so that the shares are met as exactly as whole numbers allow.
fn how_many(id: usize, destinations: usize) -> usize {
    let position = (id * 100 + 50) / destinations;
    let up_to = NEEDS.iter().scan(0, |sum, share| {
        *sum += share;
        Some(*sum)
    });
    up_to.filter(|up_to| *up_to <= position).count()
}

/// As many different numbers below `end`.
fn distinct(count: usize, end: usize, random: &mut Random) -> Vec<usize> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let number = random.below(end);
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    numbers
}
