//! What was aimed at: ratios within one run, and few times.

use super::bytes::{COPY, GRADES, REWRITING};
use super::{Measured, compiling, extracted, shapes, threads};
use crate::report::Goal;

pub(super) fn all(measured: &Measured) -> Vec<Goal> {
    let Measured { bytes, extracted, shapes, threads, compiling, allocations } = measured;
    let [trusted, validating] = GRADES.map(|(name, _)| bytes.times.min(name));
    let scan = bytes.times.min(&bytes.scan);
    let best = |validating: bool| {
        let peers = bytes.peers.iter().filter(|(_, validates)| *validates || !validating);
        peers
            .map(|(name, _)| (bytes.times.min(name), *name))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .expect("there are peers")
    };
    let ((any, any_name), (strict, strict_name)) = (best(false), best(true));
    let mut goals = vec![
        at_most("trusted ÷ structural scan", trusted / scan, 1.4),
        at_least(&format!("best JSON crate ({any_name}) ÷ trusted"), any / trusted, 11.0),
        at_least(
            &format!("best validating JSON crate ({strict_name}) ÷ validating"),
            strict / validating,
            3.3,
        ),
    ];
    let limit = scan + bytes.times.min(COPY) + 60.0;
    let [(rewriting, _), _] = REWRITING;
    let rewriting = bytes.times.min(rewriting);
    goals.push(at_most("trusted rewriting ÷ (structural scan + memcpy + 60 ns)", rewriting / limit, 1.2));
    goals.push(at_most("decision from a mask, ns", extracted.min(extracted::MASK), 3.0));
    goals.push(at_most("decision from eight names, ns", extracted.min(extracted::NAMES), 40.0));
    for (grade, _) in GRADES {
        let [with, without] = shapes::UNIQUE.map(|shape| shapes.min(&shapes::line(grade, shape)));
        goals.push(at_most(
            &format!("{grade}: all-unique consent strings ÷ without memory"),
            with / without,
            1.3,
        ));
    }
    for (grade, _) in GRADES {
        let [few, many] = shapes::FLAT.map(|shape| shapes.min(&shapes::line(grade, shape)));
        // The bit set itself has 157 words of 64 destinations; a nanosecond for each is what it may cost.
        let what = format!("{grade}: ns more for each 64 of 10,000 destinations");
        goals.push(at_most(&what, (many - few) / 157.0, 1.0));
    }
    goals.push(at_most(
        "a policy of 10,000 destinations and 1,000 categories, ms",
        compiling.times.min(compiling::LARGEST) / 1e6,
        100.0,
    ));
    goals.push(at_most("memory of ten times the destinations, ×", compiling.growth(), 11.0));
    for (grade, _) in GRADES {
        let [one, two] = [1, 2].map(|count| threads.min(&threads::line(grade, count)));
        goals.push(at_least(&format!("{grade}: throughput of two threads ÷ one"), one / two, 1.8));
    }
    // A room asks for more now and then when it remembers a longer text in the place of another.
    for ((grade, _), allocations) in GRADES.iter().zip(allocations) {
        goals.push(at_most(&format!("{grade}: allocations in 1,000 events"), *allocations, 1.0));
    }
    goals
}

fn at_most(what: &str, reached: f64, goal: f64) -> Goal {
    compared(what, reached, format!("at most {goal}"), reached <= goal)
}

fn at_least(what: &str, reached: f64, goal: f64) -> Goal {
    compared(what, reached, format!("at least {goal}"), reached >= goal)
}

fn compared(what: &str, reached: f64, goal: String, met: bool) -> Goal {
    Goal { what: what.to_owned(), goal, reached: format!("{reached:.2}"), met }
}
