//! Data flows one way: the `use` lines of each module name only modules in front of it, and no files import each other in a circle.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Each module and the ones that it may use.
const MODULES: &[(&str, &[&str])] = &[
    ("spelled", &[]),
    ("counts", &["spelled"]),
    ("diagnostic", &[]),
    ("syntax", &["diagnostic", "spelled"]),
    ("format", &["diagnostic", "syntax"]),
    ("source", &["syntax"]),
    ("reason", &[]),
    ("model", &["diagnostic", "reason", "source", "spelled", "syntax"]),
    ("event", &["diagnostic", "model"]),
    ("breakdown", &["event"]),
    ("fingerprint", &[]),
    ("verdict", &["model", "reason"]),
    ("decide", &["event", "fingerprint", "model", "reason", "verdict"]),
    ("visit", &["decide", "event", "model"]),
    ("ledger", &["breakdown", "counts", "decide", "diagnostic", "event", "model"]),
    ("reference", &["diagnostic", "event", "model", "reason", "verdict"]),
    ("exact", &["decide", "diagnostic", "event", "fingerprint", "model", "reason", "reference", "verdict"]),
    (
        "testing",
        &["decide", "diagnostic", "event", "model", "reason", "reference", "source", "syntax", "verdict"],
    ),
    (
        "lint",
        &[
            "decide",
            "diagnostic",
            "event",
            "exact",
            "model",
            "reason",
            "source",
            "spelled",
            "syntax",
            "testing",
            "visit",
        ],
    ),
    (
        "report",
        &[
            "breakdown",
            "counts",
            "decide",
            "diagnostic",
            "event",
            "exact",
            "fingerprint",
            "ledger",
            "lint",
            "model",
            "reason",
            "reference",
            "source",
            "spelled",
            "syntax",
            "testing",
            "verdict",
            "visit",
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

/// Only the disk source and the stores of the ledger read files, only the stores of the ledger connect and wait, and nothing in the library prints,
/// ends the process, starts a thread, or reads the environment.
#[test]
fn the_core_does_no_input_or_output() {
    for (name, code) in modules() {
        for forbidden in
            ["std::env", "std::process", "println!", "static mut", "::spawn", "::scope", "Builder::new"]
        {
            assert!(!code.contains(forbidden), "`{name}` has `{forbidden}`");
        }
        for (forbidden, allowed) in
            [("std::fs", &["source", "ledger"][..]), ("std::net", &["ledger"]), ("std::thread", &["ledger"])]
        {
            assert!(
                allowed.contains(&name.as_str()) || !code.contains(forbidden),
                "`{name}` has `{forbidden}`"
            );
        }
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

/// The files of `src`, each by its path in the crate: `lib::event::fast`, or `bin::cli::eval`.
struct House {
    files: BTreeMap<Vec<String>, (String, String)>,
}

impl House {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut files, mut folders) = (BTreeMap::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                if name != "syntax/generated.rs" {
                    files.insert(module(&name), (code(&path), name));
                }
            }
        }
        House { files }
    }

    /// The files that each file imports, by their names. Names that a `mod.rs` defines or passes on come from it; that it passes on
    /// those of its own folder is no import of it.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut imports = BTreeMap::new();
        for (module, (code, name)) in &self.files {
            let targets = paths(code).into_iter().filter_map(|path| self.target(module, &path));
            let others = targets.filter(|target| target != name);
            imports.insert(name.as_str(), others.collect());
        }
        imports
    }

    /// The file that a path of a module leads to.
    fn target(&self, module: &[String], path: &str) -> Option<&str> {
        let mut steps = path.split("::").map(str::trim).peekable();
        let mut at = match *steps.peek()? {
            "crate" => module[..1].to_vec(),
            "consentry" => vec!["lib".to_owned()],
            "super" | "self" => module.to_vec(),
            // Other crates, and names that are in scope.
            first if !self.files.contains_key(&child(module, first)) => return None,
            _ => module.to_vec(),
        };
        while let Some(step) = steps.next_if(|step| ["crate", "consentry", "super", "self"].contains(step)) {
            if step == "super" {
                at.pop();
            }
        }
        while let Some(below) = steps.next().map(|step| child(&at, step)) {
            if !self.files.contains_key(&below) {
                break;
            }
            at = below;
        }
        self.files.get(&at).map(|(_, name)| name.as_str())
    }
}

fn module(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    match path {
        "lib" => vec!["lib".to_owned()],
        "main" => vec!["bin".to_owned()],
        path => {
            let root = if path.starts_with("cli") { "bin" } else { "lib" };
            std::iter::once(root).chain(path.split('/')).map(str::to_owned).collect()
        }
    }
}

fn child(module: &[String], name: &str) -> Vec<String> {
    [module, &[name.to_owned()]].concat()
}

/// The paths of a file's `use` lines, and those within its code that begin with `crate`, `super`, `self` or `consentry`.
fn paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let line_start = rest[..at].rfind('\n').map_or(0, |at| at + 1);
        let before = rest[line_start..at].trim();
        let end = rest[at..].find(';').map_or(rest.len(), |end| at + end);
        let tree = &rest[at + 4..end];
        let is_import = before.is_empty() || before.starts_with("pub") && !before.contains(' ');
        let is_own = !["crate", "super", "consentry"].iter().any(|root| tree.starts_with(root));
        if is_import && !(before.starts_with("pub") && is_own) {
            paths.extend(leaves(tree));
        }
        rest = if is_import { &rest[end..] } else { &rest[at + 4..] };
    }
    let inline = code.split(|char: char| !char.is_alphanumeric() && char != '_' && char != ':');
    let is_path = |path: &&str| {
        ["crate::", "super::", "self::", "consentry::"].iter().any(|root| path.starts_with(root))
    };
    // A path that ends with `::` is the beginning of a tree.
    let inline = inline.filter(|path| is_path(path) && !path.ends_with(':'));
    paths.extend(inline.map(str::to_owned));
    paths
}

/// The paths that a tree of a `use` line names.
fn leaves(tree: &str) -> Vec<String> {
    let Some((before, inner)) = tree.trim().split_once('{') else {
        return vec![tree.trim().split(" as ").next().unwrap().to_owned()];
    };
    let inner = inner.trim_end().strip_suffix('}').unwrap();
    let mut depth = 0;
    let parts = inner.split(|char| {
        depth += i32::from(char == '{') - i32::from(char == '}');
        char == ',' && depth == 0
    });
    let parts = parts.filter(|part| !part.trim().is_empty());
    parts.flat_map(leaves).map(|leaf| format!("{before}{leaf}")).collect()
}

#[test]
fn paths_are_read_out_of_trees() {
    let code = "use super::a::{self, b::{C, D}, E as F};\npub(super) use own::G;\npub use crate::h::I;\nfn j() -> super::k::L { crate::m() }\n";
    let expected = [
        "super::a::self",
        "super::a::b::C",
        "super::a::b::D",
        "super::a::E",
        "crate::h::I",
        "crate::h::I",
        "super::k::L",
        "crate::m",
    ];
    assert_eq!(paths(code), expected);
    let house = House::read();
    let resolved = |module: &[&str], path: &str| {
        let module: Vec<String> = module.iter().map(|part| (*part).to_owned()).collect();
        house.target(&module, path).map(str::to_owned)
    };
    assert_eq!(
        resolved(&["bin", "cli", "filter", "worker"], "super::outputs::Part").as_deref(),
        Some("cli/filter/outputs.rs")
    );
    assert_eq!(
        resolved(&["bin", "cli", "eval"], "consentry::report::Summary").as_deref(),
        Some("report/mod.rs")
    );
    assert_eq!(resolved(&["lib", "ledger"], "audit::Audit").as_deref(), Some("ledger/audit.rs"));
    assert_eq!(resolved(&["lib", "ledger"], "std::fmt"), None);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let house = House::read();
    let mut imports = house.imports();
    assert!(imports.len() > 100 && imports.values().map(BTreeSet::len).sum::<usize>() > 300);
    // Files that import nothing which is left cannot be in a circle.
    while let Some(free) = imports.iter().find(|(_, others)| others.is_empty()).map(|(file, _)| *file) {
        imports.remove(free);
        for others in imports.values_mut() {
            others.remove(free);
        }
    }
    // Nor can files that nothing left imports.
    while let Some(free) =
        imports.keys().copied().find(|file| !imports.values().any(|others| others.contains(file)))
    {
        imports.remove(free);
    }
    assert!(imports.is_empty(), "these import each other: {imports:#?}");
}

/// What commands share, lowest first; everything else in `cli` is a command.
const SHARED: &[&str] = &["shared", "format", "render", "files", "input", "store_uri", "ledger_arguments"];

/// Shared files import no command, a command imports no dispatch, and `mod.rs` holds nothing.
#[test]
fn the_command_has_floors() {
    let house = House::read();
    let room = |file: &str| {
        let name = file.strip_prefix("cli/")?.split('/').next()?.trim_end_matches(".rs").to_owned();
        Some(name)
    };
    let floor = |name: &str| match SHARED.iter().position(|shared| *shared == name) {
        Some(floor) => floor,
        None if name == "dispatch" => SHARED.len() + 1,
        None => SHARED.len(),
    };
    for (file, imports) in house.imports() {
        let Some(own) = room(file) else {
            assert!(file == "main.rs" || !imports.iter().any(|other| other.starts_with("cli/")), "{file}");
            continue;
        };
        for other in imports.iter().filter_map(|other| room(other)).filter(|other| *other != own) {
            assert!(other != "mod", "`{file}` imports what cli/mod.rs holds");
            let is_lower =
                floor(&other) < floor(&own) || floor(&own) == SHARED.len() && floor(&other) == SHARED.len();
            assert!(is_lower, "`{file}` imports `{other}`");
        }
    }
}

/// The crate root names what most callers need; everything else is in its modules.
#[test]
fn the_root_is_small() {
    let root = code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    let modules = root.lines().filter(|line| line.starts_with("pub mod ")).count();
    let uses = root.lines().filter_map(|line| line.strip_prefix("pub use "));
    let names: usize = uses.map(|tree| leaves(tree.trim_end_matches(';')).len()).sum();
    assert!(modules > 5 && names > 10 && modules + names <= 30, "{modules} modules, {names} names");
}

#[test]
fn public_types_have_names_of_their_own() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (module, text) in modules() {
        let declared = text.lines().filter_map(|line| {
            let line = line.trim_start();
            let kinds = ["pub struct ", "pub enum ", "pub trait ", "pub type "];
            kinds.iter().find_map(|kind| line.strip_prefix(kind))
        });
        for name in declared {
            let name: String = name.chars().take_while(|char| char.is_alphanumeric()).collect();
            if !name.is_empty() {
                let other = seen.insert(name.clone(), module.clone());
                assert!(other.is_none(), "`{name}` is in `{module}` and in {other:?}");
            }
        }
    }
    assert!(seen.len() > 100);
}
