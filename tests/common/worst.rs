//! Policies that cost the most for their size, a generator for each way in which a policy grows.

use std::collections::BTreeMap;

/// The files of a policy by name; `main` is the policy.
pub(crate) type Files = BTreeMap<String, String>;

/// A way in which a policy grows.
pub(crate) struct Worst {
    pub(crate) name: &'static str,
    /// A size at which the growth shows.
    #[allow(dead_code, reason = "the benchmark has sizes of its own")]
    pub(crate) size: usize,
    /// The largest size within the limits.
    #[allow(dead_code, reason = "the test has sizes of its own")]
    pub(crate) most: usize,
    pub(crate) files: fn(usize) -> Files,
}

/// The beginning of every policy.
pub(crate) const HEAD: &str = "consentry 1\npolicy \"p\"\ninclude prelude \"segment\"\n";

/// Two categories and two destinations.
const FEW: &str = "category A\ncategory B\ndestination \"d0\" needs A\ndestination \"d1\" needs B\n";

/// Returns so many lines.
pub(crate) fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(|id| line(id) + "\n").collect()
}

/// Returns so many members of a list.
pub(crate) fn joined(count: usize, member: impl Fn(usize) -> String) -> String {
    (0..count).map(member).collect::<Vec<_>>().join(", ")
}

fn main_only(text: String) -> Files {
    Files::from([("main".to_owned(), format!("{HEAD}{text}"))])
}

/// Files of which each includes what `included` says; the number of includes grows as `size`.
fn including(
    files: usize,
    included: impl Fn(usize) -> std::ops::Range<usize>,
    own: impl Fn(usize) -> String,
) -> Files {
    let include = |id: usize| format!("include \"f{id}\"\n");
    let main: String = (0..files).map(include).collect();
    let part = |id: usize| {
        let includes: String = included(id).filter(|other| *other != id).map(include).collect();
        (format!("f{id}"), format!("consentry 1\n{includes}{}", own(id)))
    };
    let main = ("main".to_owned(), format!("{HEAD}{FEW}{main}"));
    (0..files).map(part).chain([main]).collect()
}

/// The number of files with which the number of includes is about so large.
fn files_for(includes: usize) -> usize {
    ((2 * includes) as f64).sqrt() as usize
}

pub(crate) const WORST: &[Worst] = &[
    Worst {
        name: "files that include all later ones",
        size: 1_500,
        most: 31_000,
        files: |size| {
            let files = files_for(size);
            including(files, |id| id + 1..files, |id| format!("category C{id}\n"))
        },
    },
    Worst {
        name: "files that include all later ones, and say nothing",
        size: 1_500,
        most: 31_000,
        files: |size| {
            let files = files_for(size);
            including(files, |id| id + 1..files, |_| String::new())
        },
    },
    Worst {
        name: "files that include each other",
        size: 1_500,
        most: 31_000,
        files: |size| {
            let files = files_for(size);
            including(files, |_| 0..files, |id| format!("category C{id}\n"))
        },
    },
    Worst {
        name: "one include many times",
        size: 2_000,
        most: 400_000,
        files: |size| {
            let main = format!("{HEAD}{FEW}{}", "include \"f\"\n".repeat(size));
            Files::from([("main".to_owned(), main), ("f".to_owned(), "consentry 1\ncategory Z\n".to_owned())])
        },
    },
    Worst {
        name: "overrides of overrides",
        size: 40,
        most: 1_500,
        files: |size| {
            let files = 64;
            let included = |id: usize| id + 1..(id + 2).min(files);
            including(files, included, |id| {
                let word = if id + 1 < files { "override " } else { "" };
                lines(size, |fact| format!("{word}category C{fact} \"{id}\""))
            })
        },
    },
    Worst {
        name: "destinations that need two of many categories",
        size: 1_000,
        most: 100_000,
        files: |size| {
            let categories = (size / 4).clamp(2, 10_000);
            main_only(
                lines(categories, |id| format!("category c{id}"))
                    + &lines(size, |id| {
                        format!(
                            "destination \"d{id}\" needs any of c{}, c{}",
                            id % categories,
                            (id * 7 + 1) % categories
                        )
                    }),
            )
        },
    },
    Worst {
        name: "destinations on one line",
        size: 1_000,
        most: 100_000,
        files: |size| {
            main_only((0..size).map(|id| format!("destination \"\u{e4}{id}\" unmapped ")).collect())
        },
    },
    Worst {
        name: "destinations with one shared alias",
        size: 1_000,
        most: 100_000,
        files: |size| {
            main_only(lines(size, |id| format!("destination \"d{id}\" unmapped shared alias \"s\"")))
        },
    },
    Worst {
        name: "aliases of one destination",
        size: 2_000,
        most: 490_000,
        files: |size| {
            main_only(format!(
                "destination \"d\" unmapped alias {}\n",
                joined(size, |id| format!("\"a{id}\""))
            ))
        },
    },
    Worst {
        name: "categories that nothing needs",
        size: 1_000,
        most: 10_000,
        files: |size| main_only(lines(size, |id| format!("category c{id}"))),
    },
    Worst {
        name: "categories in one requirement",
        size: 1_000,
        most: 10_000,
        files: |size| {
            main_only(format!(
                "{}destination \"d\" needs all of {}\n",
                lines(size, |id| format!("category c{id}")),
                joined(size, |id| format!("c{id}"))
            ))
        },
    },
    Worst {
        name: "promises",
        size: 300,
        most: 50_000,
        files: |size| {
            main_only(
                FEW.to_owned()
                    + &lines(18, |id| format!("destination \"x{id}\" needs A"))
                    + &lines(size, |id| {
                        format!("never deliver \"x{}\" without B when event \"e{id}\"", id % 18)
                    }),
            )
        },
    },
    Worst {
        name: "promises about every destination",
        size: 60,
        most: 2_000,
        files: |size| {
            main_only(
                FEW.to_owned()
                    + &lines(18, |id| format!("destination \"x{id}\" needs A"))
                    + &lines(size, |id| format!("never deliver any without B when event \"e{id}\"")),
            )
        },
    },
    Worst {
        name: "tests",
        size: 500,
        most: 50_000,
        files: |size| {
            main_only(
                FEW.to_owned()
                    + &lines(size, |id| {
                        format!("test \"{id}\" {{\n  consent {{ A: refused }}\n  block \"d0\"\n}}")
                    }),
            )
        },
    },
    Worst {
        name: "rows of a test with comments",
        size: 500,
        most: 80_000,
        files: |size| {
            main_only(format!(
                "{FEW}test \"t\" {{\n  consent integrations expect\n{}}}\n",
                lines(size, |_| "  { A: granted } none deliver \"d0\" // allow missing-tests because \"so\""
                    .to_owned())
            ))
        },
    },
    Worst {
        name: "comments that allow nothing",
        size: 1_000,
        most: 200_000,
        files: |size| main_only(FEW.to_owned() + &"// allow unused-category because \"so\"\n".repeat(size)),
    },
    Worst {
        name: "comments that allow something",
        size: 1_000,
        most: 100_000,
        files: |size| {
            main_only(lines(size, |id| {
                format!("// allow unmapped-destination because \"so\"\ndestination \"d{id}\" unmapped")
            }))
        },
    },
    Worst {
        name: "comments in a requirement",
        size: 2_000,
        most: 990_000,
        files: |size| main_only(format!("{FEW}destination \"x\" needs {} A\n", "// c\n".repeat(size))),
    },
    Worst {
        name: "kinds",
        size: 1_000,
        most: 100_000,
        files: |size| {
            main_only(lines(size, |id| {
                format!("destination kind k{id}\ndestination \"d{id}\" unmapped kind k{id}")
            }))
        },
    },
    Worst {
        name: "names that look alike",
        size: 1_000,
        most: 100_000,
        files: |size| {
            let name = |id: usize| -> String {
                (0..17).map(|bit| if id >> bit & 1 == 1 { 'l' } else { 'I' }).collect()
            };
            main_only(lines(size, |id| format!("destination \"{}\" unmapped", name(id))))
        },
    },
    Worst {
        name: "destinations with conditions",
        size: 500,
        most: 50_000,
        files: |size| {
            let inputs = lines(16, |id| format!("input i{id} at \"i{id}\" values \"a\", \"b\""));
            main_only(
                FEW.to_owned()
                    + &inputs
                    + &lines(size, |id| {
                        let [one, other] = [id % 16, (id % 16 + id / 16 % 15 + 1) % 16];
                        format!(
                            "destination \"x{id}\" needs when i{one} \"a\" and i{other} \"b\" A otherwise B"
                        )
                    }),
            )
        },
    },
    Worst {
        name: "rows that never apply",
        size: 2_000,
        most: 330_000,
        files: |size| {
            main_only(format!(
                "{FEW}override reconcile {{\n  consent integrations enforce\n{}}}\n",
                "  any any consent\n".repeat(size)
            ))
        },
    },
    Worst {
        name: "unknown names",
        size: 3_000,
        most: 490_000,
        files: |size| {
            main_only(format!(
                "{FEW}destination \"x\" needs all of {}\n",
                joined(size, |id| format!("x{id}"))
            ))
        },
    },
    Worst {
        name: "one name declared again and again",
        size: 3_000,
        most: 249_000,
        files: |size| main_only(FEW.to_owned() + &"destination \"d0\" needs A\n".repeat(size)),
    },
];

/// Policies whose cost grows as a square, as that of every promise about every destination does: until their steps are used up.
#[allow(dead_code, reason = "the benchmark alone has these")]
pub(crate) const SQUARE: &[Worst] = &[Worst {
    name: "promises about every kind but one",
    size: 200,
    most: 5_000,
    files: |size| {
        main_only(
            "category A\ncategory B\n".to_owned()
                + &lines(size, |id| format!("destination kind k{id} \"x\""))
                + &lines(4 * size, |id| format!("destination \"d{id}\" needs A kind k{}", id / 4))
                + &lines(size, |id| {
                    format!("never deliver any except kind k{id} without B when consent missing")
                }),
        )
    },
}];
