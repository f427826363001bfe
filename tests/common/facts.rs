//! Policies over the facts that the documents' tables speak of.

use serde_json::Value;
use std::fmt::Write;

/// A policy with the categories and destinations that a case speaks of, and more statements.
pub(crate) fn policy(prelude: &str, facts: &Value, statements: &str) -> String {
    let mut text = format!("consentry 1\npolicy \"case\"\ninclude prelude {prelude:?}\n{statements}\n");
    for category in facts["categories"].as_array().unwrap() {
        assert_eq!(category["enabled"], true);
        let always = if category["always_on"] == true { " always" } else { "" };
        writeln!(text, "category {}{always}", category["id"]).unwrap();
    }
    for destination in facts["destinations"].as_array().unwrap() {
        let categories: Vec<String> =
            destination["categories"].as_array().unwrap().iter().map(Value::to_string).collect();
        let mapping = if categories.is_empty() {
            "unmapped".into()
        } else {
            format!("needs {}", categories.join(", "))
        };
        let kind = match destination["kind"].as_str().unwrap() {
            "cloud" => "",
            "device" => " mode device",
            "storage" => " exempt kind storage",
            other => panic!("{other}"),
        };
        let disabled = if destination["enabled"] == true { "" } else { " disabled" };
        writeln!(text, "destination {} {mapping}{kind}{disabled}", destination["name"]).unwrap();
    }
    text
}
