// Copyright (C) Hansa developers
// SPDX-License-Identifier: Apache-2.0

//! The plot: two panels, as SVG.

use crate::{
    measure::Run,
    report::{above, fair},
    Options,
};
use std::fmt::Write;

/// A panel's width and height, and the margin around it, in pixels.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 320.0;
const MARGIN: f64 = 60.0;
/// The lowest probability that is shown.
const FLOOR: f64 = 1e-5;
/// Colours that the colour-blind can tell apart (Okabe and Ito).
const COLOURS: [&str; 6] = [
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#000000",
];

/// Places points on a panel.
struct Panel {
    left: f64,
    x_max: f64,
    /// Maps a value to a part of the height.
    scale: fn(f64, f64) -> f64,
    y_max: f64,
}

impl Panel {
    fn x(&self, value: f64) -> f64 {
        self.left + value / self.x_max * WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        MARGIN + HEIGHT * (1.0 - (self.scale)(value, self.y_max).clamp(0.0, 1.0))
    }

    fn frame(&self, svg: &mut String, title: &str, ticks: &[(f64, String)]) {
        let (left, bottom) = (self.left, MARGIN + HEIGHT);
        let _ = writeln!(
            svg,
            r##"<rect x="{left}" y="{MARGIN}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888"/>
<text x="{left}" y="{}" font-weight="bold">{title}</text>
<text x="{}" y="{}" text-anchor="middle">nodes of the chain</text>"##,
            MARGIN - 14.0,
            left + WIDTH / 2.0,
            bottom + 38.0
        );
        for (value, label) in ticks {
            let y = self.y(*value);
            let _ = writeln!(
                svg,
                r##"<line x1="{left}" x2="{}" y1="{y:.1}" y2="{y:.1}" stroke="#ddd"/>
<text x="{}" y="{:.1}" text-anchor="end">{label}</text>"##,
                left + WIDTH,
                left - 6.0,
                y + 4.0
            );
        }
    }

    fn size_ticks(&self, svg: &mut String, sizes: &[u32]) {
        for size in sizes {
            let _ = writeln!(
                svg,
                r#"<text x="{:.1}" y="{}" text-anchor="middle">{size}</text>"#,
                self.x(f64::from(*size)),
                MARGIN + HEIGHT + 18.0
            );
        }
    }

    fn line(&self, svg: &mut String, points: &[(f64, f64)], colour: &str, dashed: bool) {
        let points: Vec<_> = points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", self.x(*x), self.y(*y)))
            .collect();
        let dash = if dashed {
            r#" stroke-dasharray="5 4""#
        } else {
            ""
        };
        let _ = writeln!(
            svg,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>"#,
            points.join(" ")
        );
    }

    fn dots(&self, svg: &mut String, points: &[(f64, f64)], colour: &str) {
        for (x, y) in points {
            let _ = writeln!(
                svg,
                r#"<circle cx="{:.1}" cy="{:.1}" r="3.5" fill="{colour}"/>"#,
                self.x(*x),
                self.y(*y)
            );
        }
    }

    fn label(&self, svg: &mut String, row: usize, colour: &str, text: &str) {
        let (x, y) = (self.left + WIDTH - 10.0, MARGIN + 18.0 + 16.0 * row as f64);
        let _ = writeln!(
            svg,
            r#"<text x="{x}" y="{y}" text-anchor="end" fill="{colour}">{text}</text>"#
        );
    }
}

fn linear(value: f64, max: f64) -> f64 {
    value / max
}

fn logarithmic(value: f64, _: f64) -> f64 {
    1.0 - value.max(FLOOR).log10() / FLOOR.log10()
}

/// The whole plot.
pub fn draw(options: &Options, loads: &[Run], coalitions: &[Run]) -> String {
    let (width, height) = (2.0 * WIDTH + 3.0 * MARGIN, HEIGHT + 2.0 * MARGIN);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">
<rect width="{width}" height="{height}" fill="#fff"/>
"##
    );
    waits(options, loads, &mut svg);
    odds(options, coalitions, &mut svg);
    svg.push_str("</svg>\n");
    svg
}

fn waits(options: &Options, runs: &[Run], svg: &mut String) {
    let mean = |run: &Run, size: &u32| {
        let waits = run
            .sizes
            .get(size)
            .map(|of| &of.waits[..])
            .unwrap_or_default();
        waits.iter().map(|w| f64::from(*w)).sum::<f64>() / (waits.len() as f64).max(1.0)
    };
    let all = runs
        .iter()
        .flat_map(|run| options.sizes.iter().map(move |size| mean(run, size)));
    let most = all.fold(1.0, f64::max) * 1.1;
    let panel = Panel {
        left: MARGIN,
        x_max: largest(options),
        scale: linear,
        y_max: most,
    };
    let ticks: Vec<_> = (0..=4)
        .map(|i| most * f64::from(i) / 4.0)
        .map(|value| (value, format!("{value:.1}")))
        .collect();
    panel.frame(svg, "Epochs until a chain is live, mean", &ticks);
    panel.size_ticks(svg, &options.sizes);
    for (i, (load, run)) in options.loads.iter().zip(runs).enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let points: Vec<_> = options
            .sizes
            .iter()
            .map(|s| (f64::from(*s), mean(run, s)))
            .collect();
        panel.line(svg, &points, colour, false);
        panel.dots(svg, &points, colour);
        panel.label(svg, i, colour, &format!("load {load} %"));
    }
}

fn odds(options: &Options, runs: &[Run], svg: &mut String) {
    let panel = Panel {
        left: 2.0 * MARGIN + WIDTH,
        x_max: largest(options),
        scale: logarithmic,
        y_max: 1.0,
    };
    let ticks: Vec<_> = (0..=5)
        .map(|i| 10f64.powi(-i))
        .map(|value| (value, format!("{} %", value * 100.0)))
        .collect();
    panel.frame(
        svg,
        "Sets of which a coalition has more than T: simulated (dots), hypergeometric",
        &ticks,
    );
    panel.size_ticks(svg, &options.sizes);
    for (i, (percent, run)) in options.coalitions.iter().zip(runs).enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let fair: Vec<_> = options
            .sizes
            .iter()
            .map(|size| (f64::from(*size), fair(options, *percent, *size).0))
            .collect();
        panel.line(svg, &fair, colour, true);
        let seen: Vec<_> = options
            .sizes
            .iter()
            .map(|size| (f64::from(*size), above(run, *size)))
            .filter(|(_, seen)| *seen >= FLOOR)
            .collect();
        panel.dots(svg, &seen, colour);
        panel.label(svg, i, colour, &format!("{percent} %"));
    }
}

fn largest(options: &Options) -> f64 {
    f64::from(options.sizes.iter().copied().max().unwrap_or(4)) * 1.08
}
