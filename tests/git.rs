//! `consentry diff --against`: the repositories that people have, and what a repository may not do.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const POLICY: &str = "consentry 1\npolicy \"acme\"\ninclude prelude \"segment\"\ncategory Ads\ndestination \"Braze\"  needs Ads\n";

/// Runs git, with a name for its commits.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@example.com", "-C"]).arg(folder).args(arguments);
    let done = git.output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Runs `diff` in a folder, with another `PATH` if there is one, for at most twenty seconds.
fn diff(folder: &Path, path: Option<&Path>, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new("timeout");
    command.args(["20", env!("CARGO_BIN_EXE_consentry"), "diff"]).args(arguments).current_dir(folder);
    if let Some(path) = path {
        let all = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{all}", path.display()));
    }
    let done = command.output().unwrap();
    (done.status.code().unwrap(), String::from_utf8([done.stdout, done.stderr].concat()).unwrap())
}

/// Writes a program.
fn program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A folder with a repository in it, whose second commit has another destination.
fn upstream() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let upstream = folder.path().join("upstream");
    fs::create_dir_all(upstream.join("policies")).unwrap();
    git(&upstream, &["init", "-q", "-b", "main"]);
    for (policy, message) in [(POLICY, "one"), (&POLICY.replace("Braze", "Slack"), "two")] {
        fs::write(upstream.join("policies/a.consent"), policy).unwrap();
        git(&upstream, &["add", "."]);
        git(&upstream, &["commit", "-qm", message]);
    }
    git(&upstream, &["config", "uploadpack.allowFilter", "true"]);
    git(&upstream, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    (folder, upstream)
}

fn clone(folder: &Path, how: &str) -> PathBuf {
    let (from, to) = (format!("file://{}/upstream", folder.display()), folder.join("clone"));
    git(folder, &["clone", "-q", how, &from, to.to_str().unwrap()]);
    to
}

/// The part of a message that is a command.
fn suggested(message: &str) -> &str {
    message.split('`').rfind(|part| part.starts_with("git ")).unwrap_or_else(|| panic!("{message}"))
}

/// git may complain of more than a pipe holds before it answers.
#[test]
fn complaints_of_git_block_nothing() {
    let (folder, upstream) = upstream();
    let git = String::from_utf8(Command::new("sh").args(["-c", "command -v git"]).output().unwrap().stdout)
        .unwrap();
    let script = format!("yes 'warning: something is odd' | head -n 20000 >&2\nexec {} \"$@\"", git.trim());
    program(&folder.path().join("git"), &script);
    let (status, said) = diff(&upstream, Some(folder.path()), &["--against", "HEAD~1", "policies/a.consent"]);
    assert!(status == 0 && said.contains("HEAD~1:policies/a.consent"), "{status}: {said}");
}

/// An object that a partial clone leaves out is not fetched, because that runs programs that the repository configures.
#[test]
fn a_repository_runs_no_program() {
    let (folder, _) = upstream();
    let clone = clone(folder.path(), "--filter=blob:none");
    let (evil, ran) = (folder.path().join("evil"), folder.path().join("ran"));
    program(&evil, &format!("touch '{}'\nexec git-upload-pack \"$@\"", ran.display()));
    let evil = evil.to_str().unwrap();
    for key in
        ["remote.origin.uploadpack", "core.fsmonitor", "core.sshCommand", "core.pager", "diff.external"]
    {
        git(&clone, &["config", key, evil]);
    }
    fs::create_dir_all(clone.join("hooks")).unwrap();
    for hook in ["post-index-change", "reference-transaction", "post-checkout"] {
        program(&clone.join("hooks").join(hook), &format!("touch '{}'", ran.display()));
    }
    git(&clone, &["config", "core.hooksPath", "hooks"]);
    let _ = fs::remove_file(&ran);
    let arguments = ["--against", "HEAD~1", "policies/a.consent"];
    let (status, said) = diff(&clone, None, &arguments);
    assert!(status == 2 && said.contains("if this clone leaves objects out"), "{status}: {said}");
    assert!(!ran.exists(), "a program of the repository ran");
    // The command of the message fetches what is missing.
    for key in ["remote.origin.uploadpack", "core.fsmonitor", "core.pager", "core.hooksPath"] {
        git(&clone, &["config", "--unset", key]);
    }
    assert!(said.contains("cat-file blob"), "{said}");
    git(&clone.join("policies"), &["cat-file", "blob", "HEAD~1:./a.consent"]);
    assert_eq!(diff(&clone, None, &arguments).0, 0);
}

/// A folder of policies that looks like a repository is none: whoever wrote it would choose what is compared.
#[test]
fn a_bare_repository_among_policies_is_not_read() {
    let (folder, upstream) = upstream();
    let other = upstream.join("other");
    git(folder.path(), &["clone", "-q", "--bare", "upstream", other.to_str().unwrap()]);
    fs::write(other.join("a.consent"), POLICY).unwrap();
    let (status, said) = diff(&upstream, None, &["--against", "HEAD", "other/a.consent"]);
    assert!(status == 2 && said.contains("cannot use bare repository"), "{status}: {said}");
}

/// A commit is read as its hash says, whatever a clone puts in its place.
#[test]
fn replaced_objects_are_not_read() {
    let (_folder, upstream) = upstream();
    let objects: Vec<String> = ["HEAD~1:policies/a.consent", "HEAD:policies/a.consent"]
        .map(|name| git(&upstream, &["rev-parse", name]).trim().to_owned())
        .into();
    git(&upstream, &["replace", &objects[0], &objects[1]]);
    let (status, said) =
        diff(&upstream, None, &["--against", "HEAD~1", "policies/a.consent", "--deny", "any"]);
    assert!(status == 1 && said.contains("Braze"), "{status}: {said}");
}

/// The command of a message gives a clone of one commit what it lacks.
#[test]
fn a_clone_of_one_commit() {
    let (folder, upstream) = upstream();
    git(&upstream, &["branch", "old", "HEAD~1"]);
    for (revision, then) in [("HEAD~1", "HEAD~1"), ("origin/old", "origin/old"), ("old", "FETCH_HEAD")] {
        let clone = clone(folder.path(), "--depth=1");
        // The commit of the clone can be compared.
        for there in ["HEAD", "main", "origin/main"] {
            assert_eq!(diff(&clone, None, &["--against", there, "policies/a.consent", "--deny", "any"]).0, 0);
        }
        let (status, said) = diff(&clone, None, &["--against", revision, "policies/a.consent"]);
        assert_eq!(status, 2, "{said}");
        let words: Vec<&str> = suggested(&said).split(' ').skip(1).collect();
        git(&clone, &words);
        let (status, said) = diff(&clone, None, &["--against", then, "policies/a.consent", "--deny", "any"]);
        assert!(status == 1 && said.contains("Braze"), "{status}: {said}");
        fs::remove_dir_all(clone).unwrap();
    }
}

/// A policy that is new is compared with one that delivers to nobody: no gate passes what it delivers, and a policy that delivers
/// nothing fails none.
#[test]
fn a_policy_that_is_new() {
    let (_folder, upstream) = upstream();
    fs::write(upstream.join("policies/new.consent"), POLICY).unwrap();
    let new = ["--against", "HEAD", "policies/new.consent"];
    let (status, said) = diff(&upstream, None, &new);
    let start = "the policy is new; 1 destination changes outcome: Braze";
    assert!(status == 0 && said.starts_with(start), "{status}: {said}");
    assert!(said.contains("\nnothing -> policies/new.consent\n") && said.contains("Braze (new)"), "{said}");
    let (status, said) = diff(&upstream, None, &[&new[..], &["--format", "json"]].concat());
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(status == 0 && document["presence"] == "added" && document["loosened"] != 0, "{said}");
    assert_eq!(diff(&upstream, None, &[&new[..], &["--deny", "loosened"]].concat()).0, 1);
    assert_eq!(diff(&upstream, None, &[&new[..], &["--deny", "tightened"]].concat()).0, 0);
    let silent = POLICY.replace("needs Ads", "needs Ads disabled");
    fs::write(upstream.join("policies/new.consent"), silent).unwrap();
    let (status, said) = diff(&upstream, None, &[&new[..], &["--deny", "loosened"]].concat());
    assert!(status == 0 && said.starts_with("the policy is new; no destination changes outcome"), "{said}");
}

/// Each policy of a folder is compared: those of today, and those that are gone. Parts are compared with the policies that include them.
#[test]
fn a_folder_of_policies() {
    let (_folder, upstream) = upstream();
    let policies = upstream.join("policies");
    let including =
        "consentry 1\npolicy \"web\"\ninclude prelude \"segment\"\ninclude \"../shared/part.consent\"\n";
    let part = "consentry 1\ncategory Ads\ndestination \"Braze\"  needs Ads\n";
    for folder in ["web", "shared"] {
        fs::create_dir(policies.join(folder)).unwrap();
    }
    fs::write(policies.join("web/b c.consent"), including).unwrap();
    fs::write(policies.join("shared/part.consent"), part).unwrap();
    git(&upstream, &["add", "."]);
    git(&upstream, &["commit", "-qm", "more"]);
    let all = ["--against", "HEAD", "policies", "--deny", "any"];
    let (status, said) = diff(&upstream, None, &all);
    assert!(status == 0 && said.matches("no change: every event").count() == 2, "{status}: {said}");
    assert!(said.contains("\nHEAD:policies/web/b c.consent -> policies/web/b c.consent\n"), "{said}");
    // From a folder further down, and for `.`.
    let (status, said) = diff(&policies, None, &["--against", "HEAD", ".", "--deny", "any"]);
    assert!(status == 0 && said.contains("\nHEAD:web/b c.consent -> web/b c.consent\n"), "{status}: {said}");
    let narrow = ["--against", "HEAD", "policies/web", "--root", "policies", "--deny", "any"];
    let (status, said) = diff(&upstream, None, &narrow);
    assert!(status == 0 && said.matches("no change").count() == 1, "{status}: {said}");
    // A change of a part is one of the policy that includes it.
    fs::write(policies.join("shared/part.consent"), part.replace("needs Ads", "unmapped")).unwrap();
    let (status, said) = diff(&upstream, None, &["--against", "HEAD", "policies", "--deny", "loosened"]);
    assert!(status == 1 && said.contains("1 destination changes outcome: Braze"), "{status}: {said}");
    fs::write(policies.join("shared/part.consent"), part).unwrap();
    // One that is new, one that is gone, and one that becomes a part.
    fs::rename(policies.join("web/b c.consent"), policies.join("web/d.consent")).unwrap();
    let (status, said) = diff(&upstream, None, &["--against", "HEAD", "policies", "--format", "json"]);
    let documents: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sides: Vec<_> = documents
        .iter()
        .map(|one| (one["old"]["file"].as_str().unwrap(), one["new"]["file"].as_str().unwrap()))
        .collect();
    assert_eq!(
        sides,
        [
            ("HEAD:policies/a.consent", "policies/a.consent"),
            ("nothing", "policies/web/d.consent"),
            ("HEAD:policies/web/b c.consent", "nothing"),
        ]
    );
    let presence: Vec<_> =
        documents.iter().map(|one| one.get("presence").and_then(|one| one.as_str())).collect();
    assert_eq!((status, presence), (0, vec![None, Some("added"), Some("removed")]));
    assert_eq!(diff(&upstream, None, &["--against", "HEAD", "policies", "--deny", "loosened"]).0, 1);
    fs::remove_file(policies.join("web/d.consent")).unwrap();
    let gone = ["--against", "HEAD", "policies", "--deny"];
    assert_eq!(diff(&upstream, None, &[&gone[..], &["loosened"]].concat()).0, 0);
    let (status, said) = diff(&upstream, None, &[&gone[..], &["tightened"]].concat());
    assert!(
        status == 1 && said.contains("the policy is gone; 1 destination changes outcome: Braze"),
        "{said}"
    );
    // One that does not compile keeps none of the others from being compared.
    fs::write(policies.join("web/d.consent"), "consentry 1\npolicy \"d\"\n").unwrap();
    let (status, said) = diff(&upstream, None, &["--against", "HEAD", "policies"]);
    assert!(
        status == 2 && said.contains("no change") && said.contains("1 of 3 policies do not compile"),
        "{said}"
    );
}

/// Names in capitals are policies on both sides, and a file that has become a link is not left out.
#[cfg(unix)]
#[test]
fn no_file_of_a_folder_is_left_out() {
    let (_folder, upstream) = upstream();
    let policies = upstream.join("policies");
    fs::copy(policies.join("a.consent"), policies.join("B.CONSENT")).unwrap();
    fs::copy(policies.join("a.consent"), policies.join("c.consent")).unwrap();
    git(&upstream, &["add", "."]);
    git(&upstream, &["commit", "-qm", "more"]);
    let all = ["--against", "HEAD", "policies", "--deny", "any"];
    let (status, said) = diff(&upstream, None, &all);
    assert!(status == 0 && said.matches("no change: every event").count() == 3, "{status}: {said}");
    fs::remove_file(policies.join("B.CONSENT")).unwrap();
    let (status, said) = diff(&upstream, None, &all);
    assert!(status == 1 && said.contains("the policy is gone"), "{status}: {said}");
    fs::remove_file(policies.join("c.consent")).unwrap();
    std::os::unix::fs::symlink("a.consent", policies.join("c.consent")).unwrap();
    let (status, said) = diff(&upstream, None, &all);
    assert!(status == 2 && said.contains("is a link today"), "{status}: {said}");
    let (status, said) = diff(&upstream, None, &["--against", "HEAD", "policies/c.consent", "--deny", "any"]);
    assert!(status == 2 && said.contains("`git show HEAD:./policies/c.consent`"), "{status}: {said}");
}

/// In a hook, git points its commands to the repository of the hook. A policy is compared with its own repository.
#[test]
fn variables_of_a_hook_choose_no_repository() {
    let (folder, upstream) = upstream();
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    git(&other, &["init", "-q"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_consentry"));
    command.args(["diff", "--against", "HEAD", "policies/a.consent", "--deny", "any"]).current_dir(&upstream);
    for (variable, value) in [
        ("GIT_DIR", other.join(".git")),
        ("GIT_WORK_TREE", other.clone()),
        ("GIT_INDEX_FILE", other.join(".git/index")),
        ("GIT_OBJECT_DIRECTORY", other.join(".git/objects")),
    ] {
        command.env(variable, value);
    }
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A graft puts another commit in the place of a parent.
#[test]
fn grafts_are_not_followed() {
    let (_folder, upstream) = upstream();
    git(&upstream, &["checkout", "-q", "-b", "side", "HEAD~1"]);
    fs::write(upstream.join("policies/a.consent"), POLICY.replace("Braze", "Hotjar")).unwrap();
    git(&upstream, &["commit", "-qam", "side"]);
    let hash = |name| git(&upstream, &["rev-parse", name]).trim().to_owned();
    let graft = format!("{} {}\n", hash("main"), hash("side"));
    git(&upstream, &["checkout", "-q", "main"]);
    fs::create_dir_all(upstream.join(".git/info")).unwrap();
    fs::write(upstream.join(".git/info/grafts"), graft).unwrap();
    let (status, said) = diff(&upstream, None, &["--against", "HEAD~1", "policies/a.consent"]);
    assert!(status == 0 && said.contains("Braze") && !said.contains("Hotjar"), "{said}");
}

/// The reason of a failure is shown, and not the first warning.
#[test]
fn a_warning_hides_no_error() {
    let (folder, upstream) = upstream();
    program(
        &folder.path().join("git"),
        "echo 'warning: something is odd' >&2\necho 'fatal: the reason' >&2\nexit 128",
    );
    let (status, said) = diff(&upstream, Some(folder.path()), &["--against", "HEAD", "policies/a.consent"]);
    assert!(status == 2 && said.contains("cannot read revision `HEAD`: the reason"), "{said}");
}

/// A clone that is whole has nothing to fetch, and a remote may have any name.
#[test]
fn the_suggested_command_fits_the_clone() {
    let (folder, upstream) = upstream();
    let (status, said) = diff(&upstream, None, &["--against", "HEAD~9", "policies/a.consent"]);
    assert!(status == 2 && !said.contains("git fetch"), "{said}");
    git(&upstream, &["branch", "old", "HEAD~1"]);
    let clone = clone(folder.path(), "--depth=1");
    git(&clone, &["remote", "rename", "origin", "fork"]);
    let arguments = ["--against", "fork/old", "policies/a.consent"];
    let (_, said) = diff(&clone, None, &arguments);
    let words: Vec<&str> = suggested(&said).split(' ').skip(1).collect();
    git(&clone, &words);
    let (status, said) = diff(&clone, None, &arguments);
    assert!(status == 0 && said.contains("Braze"), "{said}");
}

/// A checkout that converts line ends elsewhere converts none here: neither those of a prelude nor those of data that has CRLF.
#[test]
fn a_checkout_keeps_every_line_end() {
    let files = [
        (".gitattributes", include_str!("../.gitattributes")),
        ("policies/segment.consent", include_str!("../policies/segment.consent")),
        ("tests/data/crlf.ndjson", "{}\r\n{}\r\n"),
        ("tests/data/mixed.csv", "a\r\nb\nc"),
    ];
    for setting in ["true", "input", "false"] {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q"]);
        git(folder.path(), &["config", "core.autocrlf", setting]);
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        git(folder.path(), &["add", "."]);
        git(folder.path(), &["commit", "-qm", "all"]);
        for (name, _) in files {
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        git(folder.path(), &["checkout", "-q", "--", "."]);
        for (name, text) in files {
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text, "autocrlf {setting}");
        }
    }
}
