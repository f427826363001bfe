//! Promises about kinds of destinations, and one file of promises that many policies share.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

#[expect(dead_code, reason = "other tests start the command themselves")]
mod common;

use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const SHARED: &str = "consentry 1
destination kind ads  \"Advertising networks\"
category Advertising
category Analytics
never deliver kind ads  without Advertising when event not exempt
never deliver any except kind storage, kind ads  without Analytics when event not exempt
";

const WEB: &str = "destination \"Braze\"     needs all of Advertising, Analytics  kind ads
destination \"Slack\"     needs Analytics
destination \"Amazon S3\"  exempt because \"storage\"  kind storage
";

const BACK_OFFICE: &str = "destination \"Amazon S3\"  exempt because \"storage\"  kind storage\n";

/// A folder of policies that share a file of promises, each in a folder of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new(policies: &[(&str, &str)]) -> Self {
        let place = Place(tempfile::tempdir().unwrap());
        place.write("policies/shared/promises.consent", SHARED);
        for (name, destinations) in policies {
            place.policy(name, "../shared/promises.consent", destinations);
        }
        place
    }

    fn policy(&self, name: &str, include: &str, destinations: &str) {
        let text = format!(
            "consentry 1\npolicy \"{name}\"\ninclude prelude \"segment-strict\"\ninclude \"{include}\"\n{destinations}"
        );
        self.write(&format!("policies/{name}/{name}.consent"), &text);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs the command here, and returns its status, its output and what it complains of.
    fn run(&self, arguments: &str) -> (i32, String, String) {
        self.run_in(Path::new(""), arguments)
    }

    fn run_in(&self, folder: &Path, arguments: &str) -> (i32, String, String) {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let done = common::command(&arguments).current_dir(self.0.path().join(folder)).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
    }
}

/// Parses the documents of an output, each on a line, and compares them with the schema.
fn documents(out: &str) -> Vec<Value> {
    let schema: Value = serde_json::from_str(include_str!("../grammar/prove.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let read = |line: &str| {
        let document: Value = serde_json::from_str(line).unwrap();
        let errors: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{line}");
        document
    };
    out.lines().map(read).collect()
}

/// A destination that is added later is covered by what is promised of its kind, and one without a kind by what is promised of any.
#[test]
fn a_promise_covers_a_destination_that_is_added() {
    let place = Place::new(&[("web", WEB)]);
    let (status, out, _) = place.run("prove policies/web/web.consent --root policies");
    assert!(status == 0 && out.ends_with("2 of 2 promises are kept\n"), "{out}");
    assert!(
        out.contains("situations; it covers Braze\n") && out.contains("situations; it covers Slack\n"),
        "{out}"
    );
    for (added, breaks) in [
        ("destination \"TikTok\"  needs Analytics  kind ads", "never deliver kind ads without Advertising"),
        (
            "destination \"Hotjar\"  unmapped",
            "never deliver any except kind storage, kind ads without Analytics",
        ),
    ] {
        place.policy(
            "web",
            "../shared/promises.consent",
            &format!("{WEB}{added}\noverride unmapped destinations deliver\n"),
        );
        let (status, out, _) = place.run("prove policies");
        assert!(status == 1 && out.contains(&format!("BROKEN  {breaks}")), "{added}: {out}");
        let (status, out, _) = place.run("lint policies");
        assert!(status == 1 && out.contains("broken-promise (C528)"), "{added}: {out}");
    }
}

/// A shared promise fails no policy that lacks its destinations, and each report shows what it covers there.
#[test]
fn a_shared_promise_may_cover_no_destination() {
    let place = Place::new(&[("office", BACK_OFFICE), ("web", WEB)]);
    let (status, out, err) = place.run("prove policies");
    assert!(status == 0 && err.is_empty(), "{out}{err}");
    assert!(out.contains("covers no destination of this policy\n"), "{out}");
    assert!(
        out.contains("2 of 2 promises are kept; 2 of them cover no destination of this policy\n"),
        "{out}"
    );
    assert!(out.starts_with("policies/office/office.consent: office\n"), "{out}");
    let (status, out, _) = place.run("prove policies --format json");
    assert_eq!(status, 0);
    let documents = documents(&out);
    let covered = |policy: usize, promise: usize| &documents[policy]["promises"][promise]["destinations"];
    assert_eq!(documents[0]["file"], "policies/office/office.consent");
    assert_eq!(
        (covered(0, 0), covered(0, 1)),
        (&Value::from(Vec::<&str>::new()), &Value::from(Vec::<&str>::new()))
    );
    assert_eq!((covered(1, 0), covered(1, 1)), (&Value::from(vec!["Braze"]), &Value::from(vec!["Slack"])));
    let (status, out, _) = place.run("lint policies --deny promise-never-applies");
    assert!(status == 0 && !out.contains("promise-never-applies"), "{out}");
    // The sheet shows it too.
    let (_, out, _) = place.run("table policies/office/office.consent --root policies");
    assert!(out.contains("covers no destination of this policy"), "{out}");
    // In the policy's own file it is a promise that guards nothing.
    place.policy("office", "../shared/promises.consent", &format!("{BACK_OFFICE}never deliver kind ads\n"));
    let (status, out, _) = place.run("lint policies --deny promise-never-applies");
    assert!(status == 1 && out.contains("the promise covers no destination"), "{out}");
}

/// A destination without a kind that no promise covers is named.
#[test]
fn destinations_without_a_kind_are_named() {
    let place = Place::new(&[]);
    let head = "consentry 1\npolicy \"a\"\ninclude prelude \"segment-strict\"\n";
    let destinations =
        format!("{BACK_OFFICE}destination \"Hotjar\"  unmapped\ndestination \"Zendesk\"  unmapped\n");
    place.write("a.consent", &format!("{head}{destinations}always deliver kind storage when integrations none and consent missing\nnever deliver \"Zendesk\" when \"Zendesk\" off\n"));
    let (status, out, _) = place.run("prove a.consent");
    assert!(
        status == 0 && out.ends_with("no promise covers these destinations, which have no kind: Hotjar\n"),
        "{out}"
    );
    let documents = documents(&place.run("prove a.consent --format json").1);
    assert_eq!(documents[0]["uncovered_destinations"], Value::from(vec!["Hotjar"]));
}

/// A promise that does not use kinds has the document that it always had.
#[test]
fn a_promise_that_names_destinations_lists_none() {
    let place = Place::new(&[]);
    place.write("a.consent", &format!("consentry 1\npolicy \"a\"\ninclude prelude \"segment-strict\"\n{BACK_OFFICE}always deliver \"Amazon S3\" when integrations none and consent missing\n"));
    let documents = documents(&place.run("prove a.consent --format json").1);
    let members: Vec<&String> = documents[0]["promises"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["because", "counterexamples", "kept", "place", "promise", "situations"]);
    for member in ["file", "uncovered_destinations"] {
        assert!(documents[0].get(member).is_none(), "{member}");
    }
}

/// The folder that the command line names is the root of includes, which none leaves.
#[test]
fn a_named_folder_is_the_root() {
    let place = Place::new(&[("web", WEB)]);
    for command in ["lint", "prove", "test"] {
        let (_, out, err) = place.run(&format!("{command} policies"));
        assert!(!out.contains("C202") && !err.contains("C202"), "{command}: {out}{err}");
        // The policy alone has its own folder as the root, and the message has the root to give.
        let (status, out, err) = place.run(&format!("{command} policies/web/web.consent"));
        let said = out + &err;
        assert!(
            status != 0 && said.contains("C202") && said.contains("(`--root policies`)"),
            "{command}: {said}"
        );
        let (status, out, err) = place.run_in(Path::new("policies/web"), &format!("{command} web.consent"));
        let said = out + &err;
        assert!(status != 0 && said.contains("(`--root ..`)"), "{command}: {said}");
        let (_, out, err) = place.run(&format!("{command} policies/web/web.consent --root policies"));
        assert!(!out.contains("C202") && !err.contains("C202"), "{command}: {out}{err}");
        // A folder further down is a narrower root, and `--root` comes first.
        let (status, out, err) = place.run(&format!("{command} policies/web"));
        assert!(status != 0 && (out + &err).contains("C202"), "{command}");
        let (_, out, err) = place.run(&format!("{command} policies/web --root policies"));
        assert!(!out.contains("C202") && !err.contains("C202"), "{command}: {out}{err}");
    }
    place.write("outside.consent", SHARED);
    place.policy("web", "../../outside.consent", WEB);
    for command in ["lint", "prove", "test"] {
        let (status, out, err) = place.run(&format!("{command} policies"));
        let said = out + &err;
        assert!(status != 0 && said.contains("C202") && said.contains("(`--root .`)"), "{command}: {said}");
    }
}

/// A link inside the folder leads nowhere else than it did.
#[cfg(unix)]
#[test]
fn links_do_not_widen_the_root() {
    let place = Place::new(&[("web", WEB)]);
    place.write("secret.consent", SHARED);
    std::os::unix::fs::symlink(place.path("secret.consent"), place.path("policies/shared/link.consent"))
        .unwrap();
    place.policy("web", "../shared/link.consent", WEB);
    let (status, out, _) = place.run("lint policies/web/web.consent --root policies");
    assert!(status == 1 && out.contains("it leads out of the policy root"), "{out}");
    let (status, out, _) = place.run("lint policies");
    assert!(status == 1 && out.contains("it leads out of the policy root"), "{out}");
}

/// A policy that does not compile keeps none of the others from being proved, and a part that no policy includes is an error.
#[test]
fn every_policy_of_a_folder_is_proved() {
    let place = Place::new(&[("web", WEB)]);
    place.policy("app", "../shared/promises.consent", "destination \"Braze\"  needs Advertisin  kind ads\n");
    let (status, out, err) = place.run("prove policies");
    assert!(status == 2 && out.contains("2 of 2 promises are kept"), "{out}{err}");
    assert!(err.contains("the promises of `policies/app/app.consent` are not decided"), "{err}");
    assert!(err.ends_with("consentry: 1 of 2 policies do not compile\n"), "{err}");
    // A policy that promises nothing is no policy whose promises are kept.
    place.write(
        "policies/app/app.consent",
        "consentry 1\npolicy \"app\"\ninclude prelude \"segment-strict\"\n",
    );
    let (status, out, _) = place.run("prove policies");
    assert!(status == 1 && out.contains("nothing is promised"), "{out}");
    fs::remove_file(place.path("policies/app/app.consent")).unwrap();
    fs::remove_file(place.path("policies/web/web.consent")).unwrap();
    let (status, _, err) = place.run("prove policies");
    assert!(
        status == 2 && err.contains("no policy of this run includes `policies/shared/promises.consent`"),
        "{err}"
    );
}

#[test]
fn a_kind_and_a_destination_may_have_one_name() {
    let place = Place::new(&[]);
    let policy = |promise: &str| {
        place.policy(
            "web",
            "../shared/promises.consent",
            &format!("{WEB}destination \"ads\"  needs Advertising\n{promise}\n"),
        );
        place.run("prove policies/web/web.consent --root policies --format json")
    };
    let (_, both, _) = policy("never deliver kind ads, \"ads\" without Advertising when event not exempt");
    let document: Value = serde_json::from_str(&both).unwrap();
    assert_eq!(document["promises"][2]["destinations"], json!(["ads", "Braze"]), "{both}");
    let (status, _, twice) = policy("never deliver \"ads\", kind ads, \"ads\" without Advertising");
    assert_eq!((status, twice.contains("is named twice")), (2, true), "{twice}");
}

/// The layout of a promise with kinds and exceptions, which is read back as the same promise.
#[test]
fn promises_about_kinds_have_a_layout() {
    let place = Place::new(&[]);
    let text = "consentry 1\nnever   deliver kind ads,kind \"any\",\"Braze\" except \"Slack\" , kind storage without A when consent any because \"x\"\nalways deliver all except kind ads\n";
    place.write("a.consent", text);
    assert_eq!(place.run("fmt a.consent").0, 0);
    let expected = "consentry 1\nnever deliver kind ads, kind \"any\", \"Braze\"\n  except \"Slack\", kind storage\n  without A\n  when consent any\n  because \"x\"\nalways deliver all  except kind ads\n";
    assert_eq!(fs::read_to_string(place.path("a.consent")).unwrap(), expected);
}
