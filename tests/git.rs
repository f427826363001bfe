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
    git(&clone.join("policies"), &["show", "HEAD~1:./a.consent"]);
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

/// A policy that is new has nothing to be compared with, and the message names what can be done.
#[test]
fn a_policy_that_is_new() {
    let (_folder, upstream) = upstream();
    fs::write(upstream.join("policies/it's new.consent"), POLICY).unwrap();
    let (status, said) = diff(&upstream, None, &["--against", "HEAD", "policies/it's new.consent"]);
    assert!(status == 2 && said.contains("is not in revision `HEAD`: it is new"), "{status}: {said}");
    assert!(said.contains(r"`consentry table 'policies/it'\''s new.consent'`"), "{said}");
}

/// The command of the message compares each policy of a folder, and fails if one of them does.
#[test]
fn a_folder_of_policies() {
    let (folder, upstream) = upstream();
    fs::write(upstream.join("policies/b c.consent"), POLICY).unwrap();
    fs::write(upstream.join("policies/part.consent"), "consentry 1\ncategory Other\n").unwrap();
    git(&upstream, &["add", "."]);
    git(&upstream, &["commit", "-qm", "more"]);
    let (status, said) = diff(&upstream, None, &["--against", "HEAD", "policies"]);
    assert!(status == 2 && said.contains("`policies` is a folder"), "{status}: {said}");
    let script = said.split('`').find(|part| part.starts_with("grep ")).unwrap().trim();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_consentry"), bin.join("consentry")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let run = |script: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).current_dir(&upstream).env("PATH", &path);
        let done = shell.output().unwrap();
        (done.status.success(), String::from_utf8(done.stdout).unwrap())
    };
    let (succeeds, said) = run(script);
    assert!(succeeds && said.matches("no change: every event").count() == 2, "{said}");
    fs::write(upstream.join("policies/b c.consent"), POLICY.replace("Braze", "Slack")).unwrap();
    assert!(!run(&format!("{script} --deny any")).0);
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
