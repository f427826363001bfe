//! What people and shops write, as JSON spells it: some beyond ASCII, some with escapes.

pub(super) const TITLES: [&str; 12] = [
    "Home",
    "Running shoes for every day",
    "Checkout",
    "Summer sale",
    "How we test",
    "Your account",
    "Stories from the mountains",
    "Lampen und Möbel",
    "日本語のページ",
    "\\\"Sale\\\" \u{2014} 50%",
    "Caf\\u00e9 & more",
    "News of the week",
];

pub(super) const DESCRIPTIONS: [&str; 10] = [
    "Trail shoe, waterproof",
    "Cotton shirt, long sleeves",
    "Desk lamp",
    "Noise cancelling headphones",
    "Reading glasses +1.5",
    "Water bottle 0.75 l",
    "Rucksack",
    "Läufer ✓",
    "Poster \\\"Consent\\\" 50\\u00d770",
    "Path C:\\\\shop\\\\",
];

pub(super) const NAMES: [&str; 8] = [
    "Ada Example",
    "Grace Sample",
    "Jo\\u00e3o Exemplo",
    "Zoë Muster",
    "山田 花子",
    "Max Mustermann",
    "O'Neil Test",
    "Kim \\ud83d\\ude00",
];

pub(super) const CITIES: [&str; 6] = ["Berlin", "Zürich", "Springfield", "東京", "Lyon", "Porto"];

pub(super) const PATHS: [&str; 6] =
    ["/", "/p/running-shoes", "/checkout/payment", "/blog/2026/how-we-test", "/account/orders", "/search"];

pub(super) const USER_AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
];
