//! Data flows one way: the `use` lines of each module name only modules in front of it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Each module and the ones that it may use.
const MODULES: &[(&str, &[&str])] = &[
    ("diagnostic", &[]),
    ("syntax", &["diagnostic"]),
    ("format", &["diagnostic", "syntax"]),
    ("source", &["syntax"]),
    ("reason", &[]),
    ("model", &["diagnostic", "reason", "source", "syntax"]),
    ("event", &["model"]),
    ("fingerprint", &[]),
    ("verdict", &["model", "reason"]),
    ("decide", &["event", "fingerprint", "model", "reason", "verdict"]),
    ("visit", &["decide", "event", "model"]),
    ("ledger", &["decide", "event", "model"]),
    ("reference", &["diagnostic", "event", "model", "reason", "verdict"]),
    ("exact", &["decide", "event", "fingerprint", "model", "reason", "reference", "verdict"]),
    ("lint", &["decide", "diagnostic", "event", "exact", "model", "reason", "source", "syntax", "visit"]),
    (
        "testing",
        &[
            "decide",
            "diagnostic",
            "event",
            "exact",
            "model",
            "reason",
            "reference",
            "source",
            "syntax",
            "verdict",
        ],
    ),
    (
        "report",
        &[
            "decide",
            "diagnostic",
            "event",
            "exact",
            "fingerprint",
            "ledger",
            "model",
            "reason",
            "reference",
            "verdict",
        ],
    ),
    ("active_policy", &["decide", "model"]),
];

/// The text of a module's files, without comments and tests.
fn code(path: &Path) -> String {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        return entries
            .iter()
            .filter(|path| !path.ends_with("generated.rs"))
            .map(|path| code(path))
            .collect();
    }
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

fn modules() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeMap::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !["lib", "main", "cli"].contains(&name.as_str()) {
            modules.insert(name, code(&path));
        }
    }
    modules
}

#[test]
fn modules_use_only_what_comes_before_them() {
    let modules = modules();
    assert_eq!(modules.len(), MODULES.len(), "list every module");
    for (name, allowed) in MODULES {
        let code = &modules[*name];
        for used in code.split("crate::").skip(1) {
            let used: String =
                used.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect();
            assert!(used == *name || allowed.contains(&used.as_str()), "`{name}` uses `{used}`");
        }
        assert!(!code.contains("use crate::*") && !code.contains("crate::{"), "`{name}` hides what it uses");
    }
}

#[test]
fn the_reference_knows_nothing_of_the_table() {
    let code = &modules()["reference"];
    assert!(!code.contains("table::") && !code.contains("Table") && !code.contains("decide::"));
}

/// Only the disk source and the stores of the ledger read files, and nothing in the library prints, ends the process, or reads the environment.
#[test]
fn the_core_does_no_input_or_output() {
    for (name, code) in modules() {
        for forbidden in ["std::env", "std::process", "println!", "std::net", "std::thread", "static mut"] {
            assert!(!code.contains(forbidden), "`{name}` has `{forbidden}`");
        }
        let is_allowed = ["source", "ledger"].contains(&name.as_str());
        assert!(is_allowed || !code.contains("std::fs"), "`{name}` reads files");
    }
}

/// One file has `unsafe`, and each of its blocks has an argument.
#[test]
fn unsafe_is_in_one_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let simd = root.join("event/fast/simd.rs");
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path != simd {
                assert!(!code(&path).contains("unsafe "), "{}", path.display());
            }
        }
    }
    let text = fs::read_to_string(simd).unwrap();
    let blocks = text.matches("unsafe {").count();
    assert!(blocks > 10 && blocks == text.matches("// SAFETY: ").count(), "{blocks}");
}
