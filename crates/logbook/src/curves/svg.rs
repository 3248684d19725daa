//! The drawing of curves as SVG.

use std::fmt::Write;

use crate::curves::thin::{finite, mean, thin};
use crate::curves::ticks::Axis;
use crate::curves::{Curves, Line, Panel};

/// Lengths are in pixels of CSS; the picture can be shown at any size.
const WIDTH: f64 = 900.0;
const PANEL: f64 = 270.0;
const TITLE: f64 = 44.0;
/// Between a panel's border and its axes: left, above, right, below.
const MARGINS: [f64; 4] = [76.0, 36.0, 24.0, 46.0];
/// A line of more points than these that scatter is drawn thin, with its moving mean above it.
const MANY: usize = 100;
/// A line of no more points than these has dots, which say their values when pointed at.
const FEW: usize = 60;

/// What does not depend on light or dark. No variables of CSS: viewers other than browsers know none.
const STYLE: &str = "\
:root { color-scheme: light dark; }
text { font: 13px system-ui, sans-serif; }
.title { font-size: 17px; font-weight: 600; }
.panel { font-size: 14px; font-weight: 600; }
.up { text-anchor: end; dominant-baseline: central; }
.across { text-anchor: middle; }
.end { text-anchor: end; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.each { stroke-width: 1; opacity: 0.35; }
";

/// Colours of the picture, light or dark.
struct Colours {
    ground: &'static str,
    titles: &'static str,
    text: &'static str,
    grid: &'static str,
    /// Of the lines: dark or bright enough that thin ones have a contrast of 3 : 1 against the ground.
    lines: [&'static str; 6],
}

const LIGHT: Colours = Colours {
    ground: "#fff",
    titles: "#222",
    text: "#666",
    grid: "#e2e2e2",
    lines: ["#1f6fb4", "#c2410c", "#15803d", "#a21caf", "#806000", "#0e7490"],
};

const DARK: Colours = Colours {
    ground: "#16181c",
    titles: "#e6e6e6",
    text: "#a0a0a0",
    grid: "#33363c",
    lines: ["#6cb2f0", "#fb923c", "#4ade80", "#e879f9", "#e0c040", "#22d3ee"],
};

impl Colours {
    /// The rules of CSS that give these colours.
    fn rules(&self) -> String {
        let Colours { ground, titles, text, grid, lines } = self;
        let mut rules = format!(
            ".ground {{ fill: {ground}; }} text {{ fill: {text}; }} .title, .panel {{ fill: {titles}; }}\n\
             .grid {{ stroke: {grid}; fill: none; }} .axis {{ stroke: {text}; fill: none; }}\n"
        );
        for (at, colour) in lines.iter().enumerate() {
            add(
                &mut rules,
                format_args!(".line{at} {{ stroke: {colour}; }} .dot{at} {{ fill: {colour}; }}\n"),
            );
        }
        rules
    }
}

/// A panel's place on the picture and its axes.
struct Plot {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    across: Axis,
    up: Axis,
}

impl Plot {
    /// The plot of a panel whose upper border is at `top`; none where no point can be drawn.
    fn of(panel: &Panel, top: f64) -> Option<Plot> {
        let points = || panel.lines.iter().flat_map(|line| &line.points).filter(|point| finite(point));
        points().next()?;
        let ends = |of: usize| {
            let widen = |ends: (f64, f64), point: &[f64; 2]| (ends.0.min(point[of]), ends.1.max(point[of]));
            points().fold((f64::MAX, -f64::MAX), widen)
        };
        let ((first, last), (low, high)) = (ends(0), ends(1));
        Some(Plot {
            left: MARGINS[0],
            top: top + MARGINS[1],
            right: WIDTH - MARGINS[2],
            bottom: top + PANEL - MARGINS[3],
            across: Axis::whole(first, last, 9),
            up: Axis::round(low, high, 5),
        })
    }

    fn x(&self, across: f64) -> f64 {
        self.left + self.across.share(across) * (self.right - self.left)
    }

    fn y(&self, up: f64) -> f64 {
        self.bottom - self.up.share(up) * (self.bottom - self.top)
    }

    /// The path through points, in pieces where they have gaps.
    fn path(&self, points: &[[f64; 2]]) -> String {
        let columns = (self.right - self.left) as usize;
        let points = thin(points, columns, |across| self.x(across) as usize);
        let mut path = String::new();
        for piece in points.split(|point| !finite(point)) {
            for (at, point) in piece.iter().enumerate() {
                let letter = if at == 0 { 'M' } else { 'L' };
                add(&mut path, format_args!("{letter}{:.1} {:.1}", self.x(point[0]), self.y(point[1])));
            }
        }
        path
    }
}

/// The picture's text.
pub(super) fn draw(curves: &Curves) -> String {
    let drawn: Vec<&Panel> = curves
        .panels
        .iter()
        .filter(|panel| panel.lines.iter().any(|line| line.points.iter().any(finite)))
        .collect();
    let height = TITLE + PANEL * drawn.len() as f64;
    let title = escaped(&curves.title);
    let mut svg = String::new();
    add(
        &mut svg,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\">\n<title>{title}</title>\n<style>\n{STYLE}{}\
             @media (prefers-color-scheme: dark) {{\n{}}}\n</style>\n",
            LIGHT.rules(),
            DARK.rules()
        ),
    );
    add(&mut svg, format_args!("<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n"));
    add(&mut svg, format_args!("<text class=\"title\" x=\"{}\" y=\"28\">{title}</text>\n", MARGINS[0]));
    if drawn.is_empty() {
        add(&mut svg, format_args!("<text x=\"250\" y=\"28\">nothing to draw yet</text>\n"));
    }
    for (at, panel) in drawn.into_iter().enumerate() {
        if let Some(plot) = Plot::of(panel, TITLE + PANEL * at as f64) {
            draw_panel(&mut svg, panel, &plot);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_panel(svg: &mut String, panel: &Panel, plot: &Plot) {
    let Plot { left, top, right, bottom, across, up } = plot;
    add(
        svg,
        format_args!(
            "<g>\n<text class=\"panel\" x=\"{left}\" y=\"{}\">{}</text>\n",
            top - 14.0,
            escaped(&panel.title)
        ),
    );
    for (tick, label) in &up.ticks {
        let y = plot.y(*tick);
        add(svg, format_args!("<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>"));
        add(svg, format_args!("<text class=\"up\" x=\"{}\" y=\"{y:.1}\">{label}</text>\n", left - 8.0));
    }
    for (tick, label) in &across.ticks {
        let x = plot.x(*tick);
        add(svg, format_args!("<path class=\"axis\" d=\"M{x:.1} {bottom}v5\"/>"));
        add(
            svg,
            format_args!("<text class=\"across\" x=\"{x:.1}\" y=\"{}\">{label}</text>\n", bottom + 19.0),
        );
    }
    add(svg, format_args!("<path class=\"axis\" d=\"M{left} {top}V{bottom}H{right}\"/>\n"));
    let name = escaped(&panel.across);
    add(svg, format_args!("<text class=\"end\" x=\"{right}\" y=\"{}\">{name}</text>\n", bottom + 36.0));
    let mut place = *right;
    for (at, line) in panel.lines.iter().enumerate() {
        draw_line(svg, panel, plot, line, at % 6);
        place = draw_legend(svg, line, at % 6, [place, top - 14.0]);
    }
    svg.push_str("</g>\n");
}

fn draw_line(svg: &mut String, panel: &Panel, plot: &Plot, line: &Line, colour: usize) {
    let mut stroke = |class: &str, points: &[[f64; 2]]| {
        let path = plot.path(points);
        add(svg, format_args!("<path class=\"{class} line{colour}\" d=\"{path}\"/>\n"));
    };
    match span(line) {
        Some(span) => {
            stroke("line each", &line.points);
            stroke("line", &mean(&line.points, span));
        }
        None => stroke("line", &line.points),
    }
    if line.points.len() <= FEW {
        for point in line.points.iter().filter(|point| finite(point)) {
            let (x, y, across) = (plot.x(point[0]), plot.y(point[1]), escaped(&panel.across));
            add(svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\" class=\"dot{colour}\">"));
            add(svg, format_args!("<title>{across} {}: {}</title></circle>\n", point[0], point[1]));
        }
    }
}

/// Draws the legend's entry of a line, which ends left of `place`; gives where the next one ends.
fn draw_legend(svg: &mut String, line: &Line, colour: usize, place: [f64; 2]) -> f64 {
    let text = match span(line) {
        Some(span) => format!("{} (mean of some {span:.0} points)", line.name),
        None => line.name.clone(),
    };
    let [right, y] = place;
    // Widths of letters are not known here; these are of wide ones.
    let left = right - 7.2 * text.chars().count() as f64;
    let (from, middle) = (left - 24.0, y - 4.0);
    add(svg, format_args!("<path class=\"line line{colour}\" d=\"M{from:.1} {middle}h18\"/>"));
    add(svg, format_args!("<text x=\"{left:.1}\" y=\"{y}\">{}</text>\n", escaped(&text)));
    from - 16.0
}

/// How many points the moving mean of a line spans; none where there is no need for one.
fn span(line: &Line) -> Option<f64> {
    let count = line.points.len();
    (line.scatters && count > MANY).then(|| (count as f64 / 50.0).ceil())
}

/// Text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write these.
            control if control.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn add(text: &mut String, more: std::fmt::Arguments) {
    text.write_fmt(more).expect("writing to a String does not fail");
}
