//! A bar plot as SVG: nanoseconds on a logarithmic scale. It has no background, and its colours can be read on white and on black.

use super::{Report, Section, number};
use crate::measure::Time;
use std::fmt::Write as _;

const WIDTH: f64 = 860.0;
/// Where the bars begin: names stand left of it.
const LEFT: f64 = 300.0;
/// The room for the numbers behind the bars.
const RIGHT: f64 = 90.0;
const BAR: f64 = 20.0;
const TITLE: f64 = 34.0;

const OURS: &str = "#2f81f7";
const LIMIT: &str = "#3fa266";
const PEER: &str = "#8b949e";
const TEXT: &str = "#7d8590";

/// The sections of a report that belong into a picture, one below the other on one scale.
pub fn plot(report: &Report) -> String {
    let sections: Vec<&Section> = report.sections.iter().filter(|section| section.pictured).collect();
    let times = || sections.iter().flat_map(|section| &section.lines).map(|line| line.min);
    let low = times().fold(f64::INFINITY, f64::min).log10().floor();
    let high = times().fold(1.0, f64::max).log10().ceil();
    let lines = times().count() as f64;
    let height = sections.len() as f64 * TITLE + lines * BAR + 40.0;
    let x = |time: f64| LEFT + (time.log10() - low) / (high - low) * (WIDTH - LEFT - RIGHT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"{TEXT}\" role=\"img\">\n\
         <title>Nanoseconds per event, logarithmic scale</title>\n"
    );
    let mut add =
        |line: std::fmt::Arguments<'_>| writeln!(svg, "{line}").expect("writing to a string cannot fail");
    for power in low as i32..=high as i32 {
        let at = x(10_f64.powi(power));
        add(format_args!(
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"6\" y2=\"{:.1}\" stroke=\"{TEXT}\" stroke-opacity=\"0.35\"/>",
            height - 28.0
        ));
        add(format_args!(
            "<text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            height - 12.0,
            scale(power)
        ));
    }
    let mut y = 0.0;
    for section in sections {
        y += TITLE;
        add(format_args!(
            "<text x=\"8\" y=\"{:.1}\" font-size=\"13\" font-weight=\"600\">{}</text>",
            y - 9.0,
            escaped(&format!("{}: ns per {}", section.title, section.unit))
        ));
        for Time { name, min, .. } in &section.lines {
            let end = x(*min);
            add(format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 8.0,
                y + 14.0,
                escaped(name)
            ));
            add(format_args!(
                "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" fill=\"{}\"/>",
                y + 2.0,
                (end - LEFT).max(1.0),
                BAR - 5.0,
                colour(name)
            ));
            add(format_args!("<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", end + 6.0, y + 14.0, number(*min)));
            y += BAR;
        }
    }
    svg + "</svg>\n"
}

fn colour(name: &str) -> &'static str {
    match name {
        _ if name.starts_with("consentry") => OURS,
        _ if name.starts_with("limit") => LIMIT,
        _ => PEER,
    }
}

fn scale(power: i32) -> String {
    match power {
        0..3 => format!("{} ns", 10_i32.pow(power as u32)),
        3..6 => format!("{} µs", 10_i32.pow(power as u32 - 3)),
        6.. => format!("{} ms", 10_i32.pow(power as u32 - 6)),
        _ => format!("10^{power} ns"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
