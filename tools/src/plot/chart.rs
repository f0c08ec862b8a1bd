//! Charts that many tools share: lines, scatters, histograms, heat maps, and several of them side by side.
//!
//! Each takes numbers and gives the text of an SVG file. The axes go from the smallest number to the largest with a
//! little room around them; numbers too large or too small to read are written in units of a power of ten, and the
//! axis says so. A number that is not finite leaves a gap, because a curve that runs away is worth drawing up to there.

use plotters::style::{RGBColor, WHITE};

use super::style::{
    self, Axes, AxisLine, Canvas, Entry, HEIGHT, INK, Mark, Scale, VERMILION, WIDTH, axes_along, picture_of_height,
};
use crate::error::{Error, ErrorKind};

/// A line with a name for the legend; no legend when the name is empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: &'a [(f64, f64)],
}

/// Points with a group each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scatter<'a> {
    pub(crate) points: &'a [(f64, f64)],
    /// Which of the names each point bears; without any, all belong to group 0.
    pub(crate) group: &'a [usize],
    pub(crate) names: &'a [String],
}

/// One pair of axes, with lines, points, or both: what is not given is not drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Panel<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    /// Whether equal steps upwards are equal factors; numbers that are not positive leave gaps.
    pub(crate) log_y: bool,
    /// Whether a unit is as long upwards as it is sideways: where distances are to be seen.
    pub(crate) equal: bool,
    pub(crate) lines: &'a [Line<'a>],
    pub(crate) scatter: Option<Scatter<'a>>,
    /// What stands at 0, 1, 2, ... along the horizontal axis, where that is no number; as many are written as there is room for.
    /// Points of lines become bars then, those of several lines side by side.
    pub(crate) categories: &'a [String],
}

/// Draws lines; those of few points get a mark at each.
///
/// # Errors
/// `invalid_arguments` when there is nothing to draw.
pub(crate) fn lines(title: &str, x: &str, y: &str, lines: &[Line<'_>]) -> Result<String, Error> {
    panels(title, &[Panel { x, y, lines, ..Panel::default() }])
}

/// Draws lines on axes where equal steps upwards are equal factors.
///
/// # Errors
/// `invalid_arguments` when there is nothing to draw.
pub(crate) fn lines_log_y(title: &str, x: &str, y: &str, lines: &[Line<'_>]) -> Result<String, Error> {
    panels(title, &[Panel { x, y, lines, log_y: true, ..Panel::default() }])
}

/// Draws points of a plane, each group in a colour and with a mark of its own, on axes of the same scale. Of more than 5000
/// points every second, third, ... is drawn.
///
/// # Errors
/// `invalid_arguments` when there is nothing to draw, or not one group for each point.
pub(crate) fn scatter(
    title: &str,
    x: &str,
    y: &str,
    points: &[(f64, f64)],
    group: &[usize],
    names: &[String],
) -> Result<String, Error> {
    let scatter = Some(Scatter { points, group, names });
    panels(title, &[Panel { x, y, equal: true, scatter, ..Panel::default() }])
}

/// Draws several pairs of axes in two columns under one title and one legend: what bears the same name looks the same.
///
/// # Errors
/// `invalid_arguments` when a panel has nothing to draw.
pub(crate) fn panels(title: &str, panels: &[Panel<'_>]) -> Result<String, Error> {
    if panels.is_empty() {
        return Err(nothing());
    }
    let (columns, rows) = (panels.len().min(2), panels.len().div_ceil(2));
    let width = WIDTH / columns as u32;
    let plans = panels.iter().map(|panel| Plan::new(panel, width)).collect::<Result<Vec<_>, _>>()?;
    let (names, legend) = names(panels);
    let height = if columns == 1 { HEIGHT } else { 320 * rows as u32 };
    picture_of_height(height, title, &legend, |canvas| {
        let areas = canvas.split_evenly((rows, columns));
        panels.iter().zip(plans).zip(&areas).try_for_each(|((panel, plan), area)| plan.draw(panel, area, &names))
    })
}

/// Draws a histogram, bar `i` from `edges[i]` to `edges[i + 1]`, and a curve over it.
///
/// # Errors
/// `invalid_arguments` when there is nothing to draw, or not one edge more than bars.
pub(crate) fn bars(
    title: &str,
    x: &str,
    y: &str,
    edges: &[f64],
    heights: &[f64],
    curve: Option<Line<'_>>,
) -> Result<String, Error> {
    if heights.is_empty() || edges.len() != heights.len() + 1 {
        return Err(nothing());
    }
    let over = curve.map_or(&[][..], |curve| curve.points);
    let across = Axis::new(x, edges.iter().copied().chain(over.iter().map(|p| p.0)), false, 7)?;
    let up = Axis::new(y, heights.iter().copied().chain(over.iter().map(|p| p.1)).chain([0.0]), false, 7)?;
    let mut legend = Vec::new();
    if let Some(curve) = curve.filter(|curve| !curve.name.is_empty()) {
        legend.push(Entry { mark: Mark::Bar, color: style::color(0), text: y.to_owned() });
        legend.push(Entry { mark: Mark::Line(0), color: VERMILION, text: curve.name.to_owned() });
    }
    picture_of_height(HEIGHT, title, &legend, |canvas| {
        let axes = axes_along(&canvas, &across.line, &up.line, true)?;
        let ground = up.place(0.0).unwrap_or(0.0);
        for (pair, height) in edges.windows(2).zip(heights) {
            let corners = (across.place(pair[0]), across.place(pair[1]), up.place(*height));
            let (Some(left), Some(right), Some(top)) = corners else { continue };
            style::bar(&axes, (left, ground), (right, top), style::color(0))?;
        }
        runs(over, &across, &up).iter().try_for_each(|run| style::line_in(&axes, run, 0, VERMILION))
    })
}

/// The most cells of a heat map in either direction; of more, blocks are averaged.
const CELLS: usize = 128;

/// Draws a table of numbers as a table of colours, row 0 on top, with the scale beside it. Numbers on both sides of 0
/// go from blue over white to vermilion, others from dark to light. Small tables have the numbers in the cells, and
/// large ones show the means of blocks, 128 in each direction.
///
/// # Errors
/// `invalid_arguments` when there is nothing to draw or the rows differ in length.
pub(crate) fn heat_map(title: &str, x: &str, y: &str, rows: &[Vec<f64>]) -> Result<String, Error> {
    let columns = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != columns) || !rows.iter().flatten().any(|number| number.is_finite()) {
        return Err(nothing());
    }
    let cells = blocks(rows, CELLS);
    let colours = Colours::of(cells.iter().flatten().copied());
    let value = Axis::new("", cells.iter().flatten().copied().chain([colours.low, colours.high]), false, 7)?;
    let across = cell_axis(x, columns, false);
    let down = cell_axis(y, rows.len(), true);
    let (tall, wide) = (rows.len() as f64 / cells.len() as f64, columns as f64 / cells[0].len() as f64);
    picture_of_height(HEIGHT, title, &[], |canvas| {
        let (left, right) = canvas.split_horizontally(WIDTH as i32 - 122);
        let axes = axes_along(&left, &across, &down, false)?;
        for (i, row) in cells.iter().enumerate() {
            for (j, &number) in row.iter().enumerate().filter(|(_, number)| number.is_finite()) {
                let corner = (j as f64 * wide, i as f64 * tall);
                style::fill(&axes, corner, (corner.0 + wide, corner.1 + tall), colours.at(number))?;
                if rows.len() <= 12 && columns <= 8 {
                    let middle = (corner.0 + wide / 2.0, corner.1 + tall / 2.0);
                    style::words(&axes, middle, &short(number), 15.5, colours.ink(number))?;
                }
            }
        }
        scale_beside(&right, &value, &colours)
    })
}

/// The colours of a heat map from the lowest to the highest, ticks at their right.
fn scale_beside(canvas: &Canvas<'_>, value: &Axis, colours: &Colours) -> Result<(), Error> {
    let (low, high) = (value.place(colours.low).unwrap_or(0.0), value.place(colours.high).unwrap_or(1.0));
    // A table of one number only still has a scale with room around it.
    let (low, high) = if low < high { (low, high) } else { (value.line.from, value.line.to) };
    let ticks = value.line.ticks.iter().filter(|(at, _)| (low..=high).contains(at)).cloned().collect();
    let up = AxisLine { name: value.line.name.clone(), from: low, to: high, ticks };
    let flat = AxisLine { name: String::new(), from: 0.0, to: 1.0, ticks: Vec::new() };
    let axes = axes_along(canvas, &flat, &up, false)?;
    for i in 0..64 {
        let at = |i: i32| low + (high - low) * f64::from(i) / 64.0;
        style::fill(&axes, (0.0, at(i)), (1.0, at(i + 1)), colours.share((f64::from(i) + 0.5) / 64.0))?;
    }
    Ok(())
}

/// An axis that counts cells from 0, each name under the middle of its cell.
fn cell_axis(name: &str, cells: usize, down: bool) -> AxisLine {
    let every = cells.div_ceil(16).max(1);
    let every = [1, 2, 5, 10, 20, 50, 100, 200, 500].into_iter().find(|step| *step >= every).unwrap_or(every);
    let ticks = (0..cells).step_by(every).map(|i| (i as f64 + 0.5, i.to_string())).collect();
    let (from, to) = if down { (cells as f64, 0.0) } else { (0.0, cells as f64) };
    AxisLine { name: name.to_owned(), from, to, ticks }
}

/// The means of at most `most` by `most` blocks.
fn blocks(rows: &[Vec<f64>], most: usize) -> Vec<Vec<f64>> {
    let (height, width) = (rows.len(), rows[0].len());
    let (down, across) = (height.min(most), width.min(most));
    let block = |i: usize, j: usize| {
        let inside = &rows[i * height / down..(i + 1) * height / down];
        let columns = j * width / across..(j + 1) * width / across;
        let count = (inside.len() * columns.len()) as f64;
        // Each divided first: the sum of large numbers could overflow where their mean does not.
        inside.iter().flat_map(|row| &row[columns.clone()]).map(|x| x / count).sum()
    };
    (0..down).map(|i| (0..across).map(|j| block(i, j)).collect()).collect()
}

/// A number in few characters, for a cell.
fn short(number: f64) -> String {
    let size = number.abs();
    let text = match size {
        _ if size == 0.0 => return "0".to_owned(),
        _ if !(1e-3..1e5).contains(&size) => return format!("{number:.1e}"),
        _ if size < 10.0 => format!("{number:.2}"),
        _ if size < 100.0 => format!("{number:.1}"),
        _ => return format!("{number:.0}"),
    };
    if number.fract() == 0.0 { format!("{number:.0}") } else { text }
}

/// From numbers to colours.
struct Colours {
    low: f64,
    high: f64,
    stops: &'static [(u8, u8, u8)],
}

/// Viridis (S. van der Walt, N. Smith, 2015), at nine places: dark to light for every kind of colour vision.
const VIRIDIS: [(u8, u8, u8); 9] = [
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
];

/// From Okabe and Ito's blue over white to their vermilion.
const DIVERGING: [(u8, u8, u8); 5] = [(0, 84, 140), (110, 172, 211), (250, 250, 250), (238, 155, 98), (190, 70, 0)];

impl Colours {
    fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let (low, high) = extent(numbers).unwrap_or((0.0, 1.0));
        if low < 0.0 && high > 0.0 {
            let most = high.max(-low);
            return Colours { low: -most, high: most, stops: &DIVERGING };
        }
        Colours { low, high, stops: &VIRIDIS }
    }

    fn at(&self, number: f64) -> RGBColor {
        // Halves, because the difference of two numbers can be too large for a number.
        let share = (number / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        self.share(if share.is_finite() { share } else { 0.5 })
    }

    fn share(&self, share: f64) -> RGBColor {
        let place = share.clamp(0.0, 1.0) * (self.stops.len() - 1) as f64;
        let i = (place as usize).min(self.stops.len() - 2);
        let (a, b, along) = (self.stops[i], self.stops[i + 1], place - i as f64);
        let mix = |a: u8, b: u8| (f64::from(a) + along * (f64::from(b) - f64::from(a))).round() as u8;
        RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }

    /// What can be read on the colour of a number.
    fn ink(&self, number: f64) -> RGBColor {
        let RGBColor(r, g, b) = self.at(number);
        let light = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
        if light > 140.0 { INK } else { WHITE }
    }
}

/// All names in the order in which they first appear, whose places are the numbers of their series, and the legend.
fn names<'a>(panels: &[Panel<'a>]) -> (Vec<&'a str>, Vec<Entry>) {
    let (mut names, mut legend): (Vec<&str>, Vec<Entry>) = (Vec::new(), Vec::new());
    let mut add = |name: &'a str, mark: &dyn Fn(usize) -> Mark| {
        if names.contains(&name) {
            return;
        }
        let i = names.len();
        names.push(name);
        if !name.is_empty() {
            legend.push(Entry { mark: mark(i), color: style::color(i), text: name.to_owned() });
        }
    };
    for panel in panels {
        // A line of one point is a mark.
        let look = |line: &Line<'_>| if line.points.len() == 1 { style::shape } else { Mark::Line };
        panel.lines.iter().for_each(|line| add(line.name, &look(line)));
        panel.scatter.iter().flat_map(|scatter| scatter.names).for_each(|name| add(name, &style::shape));
    }
    (names, legend)
}

/// How much wider a pair of axes is than high, about.
const ASPECT: f64 = 1.35;

/// From where to where each axis has to reach so that a unit is as long on both, for the one that would not by itself.
fn equal(points: impl Iterator<Item = (f64, f64)> + Clone) -> (Option<[f64; 2]>, Option<[f64; 2]>) {
    let (x, y) = (extent(points.clone().map(|point| point.0)), extent(points.map(|point| point.1)));
    let (Some((left, right)), Some((low, high))) = (x, y) else { return (None, None) };
    let around = |from: f64, to: f64, length: f64| Some([(from + to - length) / 2.0, (from + to + length) / 2.0]);
    let (width, height) = (right - left, high - low);
    if width > ASPECT * height {
        (None, around(low, high, width / ASPECT))
    } else {
        (around(left, right, ASPECT * height), None)
    }
}

/// A panel's axes.
struct Plan {
    x: Axis,
    y: Axis,
}

impl Plan {
    fn new(panel: &Panel<'_>, width: u32) -> Result<Self, Error> {
        if panel.scatter.is_some_and(|s| !s.group.is_empty() && s.group.len() != s.points.len()) {
            return Err(Error::new(ErrorKind::Failed, "", "cannot draw the picture: not one group for each point"));
        }
        let points = || {
            let scattered = panel.scatter.iter().flat_map(|scatter| scatter.points);
            let all = panel.lines.iter().flat_map(|line| line.points).chain(scattered);
            all.filter(|(x, y)| x.is_finite() && y.is_finite() && (!panel.log_y || *y > 0.0))
        };
        let ticks = if panel.title.is_empty() { 7 } else { 5 };
        let bars = !panel.categories.is_empty();
        let sides = bars.then_some([-0.5, panel.categories.len() as f64 - 0.5]);
        let (wider, higher) = if panel.equal { equal(points().copied()) } else { (None, None) };
        let more = sides.into_iter().chain(wider).flatten();
        let mut x = Axis::new(panel.x, points().map(|point| point.0).chain(more), false, ticks)?;
        if bars {
            let names = category_names(panel.categories, width);
            x.line.ticks = names.into_iter().filter_map(|(i, name)| Some((x.place(i as f64)?, name))).collect();
        }
        let ground = bars.then_some(0.0);
        let more = ground.into_iter().chain(higher.into_iter().flatten());
        Ok(Plan { x, y: Axis::new(panel.y, points().map(|point| point.1).chain(more), panel.log_y, ticks)? })
    }

    fn draw(&self, panel: &Panel<'_>, canvas: &Canvas<'_>, names: &[&str]) -> Result<(), Error> {
        let below = if panel.title.is_empty() { canvas.clone() } else { style::titled(canvas, panel.title)? };
        let axes = axes_along(&below, &self.x.line, &self.y.line, true)?;
        let series = |name: &str| names.iter().position(|other| *other == name).unwrap_or(0);
        // First, so that a line is seen among its points.
        panel.scatter.iter().try_for_each(|scatter| self.scatter(scatter, &axes, &series))?;
        for (beside, line) in panel.lines.iter().enumerate() {
            let i = series(line.name);
            if !panel.categories.is_empty() {
                self.bars(line.points, (beside, panel.lines.len()), &axes, style::color(i))?;
                continue;
            }
            for run in runs(line.points, &self.x, &self.y) {
                style::line_in(&axes, &run, i, style::color(i))?;
                if run.len() == 1 || line.points.len() <= 24 {
                    style::scatter(&axes, &run, style::shape(i), style::color(i))?;
                }
            }
        }
        Ok(())
    }

    /// Bars around whole numbers: those of one line among so many.
    fn bars(&self, points: &[(f64, f64)], place: (usize, usize), axes: &Axes, color: RGBColor) -> Result<(), Error> {
        let width = 0.8 / place.1 as f64;
        let ground = self.y.place(0.0).unwrap_or(self.y.line.from);
        for &(x, y) in points {
            let left = x - 0.4 + width * place.0 as f64;
            let corners = (self.x.place(left), self.x.place(left + width), self.y.place(y));
            let (Some(left), Some(right), Some(top)) = corners else { continue };
            style::bar(axes, (left, ground), (right, top), color)?;
        }
        Ok(())
    }

    fn scatter(&self, scatter: &Scatter<'_>, axes: &Axes, series: &dyn Fn(&str) -> usize) -> Result<(), Error> {
        let every = scatter.points.len().div_ceil(5000).max(1);
        let mut groups: Vec<Vec<(f64, f64)>> = Vec::new();
        for (i, &(x, y)) in scatter.points.iter().enumerate().step_by(every) {
            let group = scatter.group.get(i).copied().unwrap_or(0).min(scatter.points.len());
            if groups.len() <= group {
                groups.resize(group + 1, Vec::new());
            }
            groups[group].extend(self.x.place(x).zip(self.y.place(y)));
        }
        for (i, points) in groups.iter().enumerate() {
            let look = scatter.names.get(i).map_or(i, |name| series(name));
            style::scatter(axes, points, style::shape(look), style::color(look))?;
        }
        Ok(())
    }
}

/// The parts of a line between its gaps, in the units of the axes. Long ones keep the lowest and the highest point of
/// each of a few hundred stretches, so that no peak is lost.
fn runs(points: &[(f64, f64)], x: &Axis, y: &Axis) -> Vec<Vec<(f64, f64)>> {
    const STRETCHES: usize = 400;
    let placed: Vec<Option<(f64, f64)>> = points.iter().map(|point| x.place(point.0).zip(y.place(point.1))).collect();
    let runs = placed.split(Option::is_none).filter(|run| !run.is_empty());
    runs.map(|run| {
        let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
        if run.len() <= 4 * STRETCHES {
            return run;
        }
        let stretch = run.len().div_ceil(STRETCHES);
        let keep = run.chunks(stretch).flat_map(|part| {
            let low = (0..part.len()).min_by(|&i, &j| part[i].1.total_cmp(&part[j].1)).unwrap_or(0);
            let high = (0..part.len()).max_by(|&i, &j| part[i].1.total_cmp(&part[j].1)).unwrap_or(0);
            let mut keep = vec![0, low, high, part.len() - 1];
            keep.sort_unstable();
            keep.dedup();
            keep.into_iter().map(|i| part[i])
        });
        keep.collect()
    })
    .collect()
}

/// From numbers to places along an axis of readable numbers.
struct Axis {
    scale: Scale,
    /// What was taken off, where all numbers are much larger than they differ.
    origin: f64,
    log: bool,
    line: AxisLine,
}

impl Axis {
    fn new(name: &str, numbers: impl Iterator<Item = f64>, log: bool, ticks: usize) -> Result<Self, Error> {
        let (low, high) = extent(numbers).ok_or_else(nothing)?;
        if log {
            let line = log_line(name, low.log10(), high.log10());
            return Ok(Axis { scale: Scale::for_up_to(1.0), origin: 0.0, log, line });
        }
        let largest = low.abs().max(high.abs());
        let scale = Scale::for_up_to(largest);
        let (mut from, mut to) = (scale.apply(low), scale.apply(high));
        let (span, size) = (to - from, scale.apply(largest));
        let mut axis =
            Axis { scale, origin: 0.0, log, line: AxisLine { name: String::new(), from, to, ticks: vec![] } };
        let mut title = axis.scale.name(name);
        if span > 0.0 && span < 1e-4 * size {
            // Only the last digits differ: count from the smallest. In whole units where they can be told apart.
            let (floor, scale) = (if low.abs() < 1e15 && high - low > 1.0 { low.floor() } else { low }, high - low);
            axis.scale = Scale::for_up_to(scale);
            axis.origin = floor;
            title = axis.scale.name(&format!("{name} − {floor}"));
            (from, to) = (axis.scale.apply(low - floor), axis.scale.apply(high - floor));
        }
        let room = match to - from {
            0.0 if from == 0.0 => 1.0,
            0.0 => from.abs() / 2.0,
            span => 0.04 * span,
        };
        let (from, to) = (from - room, to + room);
        axis.line = AxisLine { name: title, from, to, ticks: style::ticks(from, to, ticks) };
        Ok(axis)
    }

    fn place(&self, number: f64) -> Option<f64> {
        let at = if self.log { number.log10() } else { self.scale.apply(number - self.origin) };
        at.is_finite().then_some(at)
    }
}

/// The names of categories as they fit under a picture of this width: long ones cut short, and every second, third, ... of many.
fn category_names(names: &[String], width: u32) -> Vec<(usize, String)> {
    const LONGEST: usize = 12;
    const PIXELS: usize = 8;
    let short = |name: &String| {
        let cut = name.chars().count() > LONGEST;
        if cut { name.chars().take(LONGEST - 1).chain(['…']).collect() } else { name.clone() }
    };
    let names: Vec<String> = names.iter().map(short).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    // About a fifth of the width is beside the axes.
    let every = (names.len() * (longest + 1) * PIXELS).div_ceil(width as usize * 4 / 5).max(1);
    names.into_iter().enumerate().step_by(every).collect()
}

/// An axis of powers of ten, from and to a logarithm.
fn log_line(name: &str, low: f64, high: f64) -> AxisLine {
    let room = if high > low { 0.04 * (high - low) } else { 0.5 };
    let (from, to) = (low - room, high + room);
    let write = |value: f64| if (1e-3..1e5).contains(&value) { format!("{value}") } else { format!("{value:e}") };
    let decades = (from.ceil() as i32)..=(to.floor() as i32);
    let span = to - from;
    let ticks: Vec<(f64, String)> = if span >= 3.0 {
        let every = (span / 7.0).ceil().max(1.0) as i32;
        let whole = decades.filter(|decade| decade.rem_euclid(every) == 0);
        whole.map(|decade| (f64::from(decade), write(10_f64.powi(decade)))).collect()
    } else {
        let steps = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0];
        let steps = if span > 1.0 { vec![1.0, 2.0, 5.0] } else { steps.to_vec() };
        let values = (from.floor() as i32..=to.ceil() as i32)
            .flat_map(|decade| steps.iter().map(move |step| format!("{step}e{decade}").parse().unwrap_or(f64::NAN)));
        let inside = values.map(|value: f64| (value.log10(), write(value)));
        inside.filter(|(at, _)| (from..=to).contains(at)).collect()
    };
    // Within less than a factor of 1.5 round numbers lie close enough to a straight scale.
    let ticks = if ticks.len() >= 2 {
        ticks
    } else {
        let straight = style::ticks(10_f64.powf(from), 10_f64.powf(to), 6);
        straight.into_iter().filter(|(at, _)| *at > 0.0).map(|(at, label)| (at.log10(), label)).collect()
    };
    AxisLine { name: format!("{name} (log scale)"), from, to, ticks }
}

/// The smallest and the largest finite number.
fn extent(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    numbers.filter(|number| number.is_finite()).fold(None, |extent, x| match extent {
        None => Some((x, x)),
        Some((low, high)) => Some((x.min(low), x.max(high))),
    })
}

fn nothing() -> Error {
    Error::invalid("", "there is nothing to draw").with_hint("give at least one finite number")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Every picture: well formed, with these words in it, and no number that is none.
    fn check(svg: &str, words: &[&str]) {
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        words.iter().for_each(|word| assert!(svg.contains(word), "no {word} in {svg}"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    fn curve(f: impl Fn(f64) -> f64, n: usize) -> Vec<(f64, f64)> {
        (0..n).map(|i| i as f64 / (n - 1) as f64 * 6.0).map(|x| (x, f(x))).collect()
    }

    #[test]
    fn a_unit_is_as_long_on_both_axes() {
        // 27 wide: 20 high.
        assert_eq!(equal([(0.0, 1.0), (27.0, 3.0)].into_iter()), (None, Some([-8.0, 12.0])));
        // 20 high: 27 wide.
        assert_eq!(equal([(1.0, 0.0), (1.0, 20.0)].into_iter()), (Some([-12.5, 14.5]), None));
        assert_eq!(equal(std::iter::empty()), (None, None));
    }

    #[test]
    fn lines_have_names_and_a_legend() {
        let (sine, cosine, few) = (curve(f64::sin, 200), curve(f64::cos, 3000), curve(|x| x / 6.0 - 0.5, 10));
        let lines_of = [
            Line { name: "sine", points: &sine },
            Line { name: "cosine", points: &cosine },
            Line { name: "a straight line", points: &few },
        ];
        let svg = lines("Three curves", "angle (radians)", "value", &lines_of).unwrap();
        check(&svg, &["Three curves", "angle (radians)", "value", "sine", "cosine", "a straight line", "-1", "-0.5"]);
        // 3000 points are thinned out, and none is drawn twice.
        assert!(svg.len() < 60_000, "{}", svg.len());
    }

    #[test]
    fn factors_on_a_log_scale() {
        let fall = curve(|x| (-4.0 * x).exp(), 50);
        let zero = [(0.0, 1e-3), (1.0, 0.0), (2.0, 1e-3), (3.0, f64::INFINITY)];
        let two = [Line { name: "loss", points: &fall }, Line { name: "with gaps", points: &zero }];
        check(
            &lines_log_y("Losses fall", "epoch", "loss", &two).unwrap(),
            &["Losses fall", "log scale", "1e-10", "0.01"],
        );
        let narrow = [(0.0, 1.2), (1.0, 1.3)];
        let svg = lines_log_y("A narrow range", "epoch", "loss", &[Line { name: "", points: &narrow }]).unwrap();
        check(&svg, &["A narrow range", "1.26"]);
    }

    #[test]
    fn groups_have_colours_and_marks() {
        let points: Vec<(f64, f64)> =
            (0..140).map(|i| (f64::from(i % 7) + f64::from(i).sin() / 3.0, f64::from(i).cos())).collect();
        let group: Vec<usize> = (0..140).map(|i| i % 7).collect();
        let names: Vec<String> = (0..7).map(|i| format!("group {i}")).collect();
        let svg = scatter("Seven groups", "first component", "second component", &points, &group, &names).unwrap();
        check(&svg, &["Seven groups", "first component", "group 6", "#0072B2", "#D55E00"]);
        assert!(scatter("", "", "", &points, &group[1..], &names).is_err());
    }

    #[test]
    fn a_histogram_under_its_density() {
        let edges: Vec<f64> = (0..=12).map(|i| f64::from(i) / 2.0 - 3.0).collect();
        let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let heights: Vec<f64> = (0..12).map(|i| density(edges[i] + 0.25) * 1.05).collect();
        let bell: Vec<(f64, f64)> = (0..=100).map(|i| f64::from(i) * 0.07 - 3.5).map(|x| (x, density(x))).collect();
        let bell = Line { name: "density of N(0, 1)", points: &bell };
        let svg = bars("A histogram under its density", "x", "share per unit", &edges, &heights, Some(bell)).unwrap();
        check(&svg, &["A histogram under its density", "share per unit", "density of N(0, 1)"]);
        check(&bars("One bar", "x", "count", &[2.0, 2.0], &[7.0], None).unwrap(), &["One bar", "count"]);
        assert!(bars("", "", "", &[1.0], &[], None).is_err() && bars("", "", "", &[1.0], &[1.0], None).is_err());
    }

    #[test]
    fn tables_of_colours() {
        let wave: Vec<Vec<f64>> =
            (0..40).map(|i| (0..200).map(|j| (f64::from(i * j) / 300.0).sin()).collect()).collect();
        let svg = heat_map("Waves", "dimension", "position", &wave).unwrap();
        check(&svg, &["Waves", "dimension", "position"]);
        // 40 rows of 128 blocks and the scale.
        assert_eq!(svg.matches("<rect").count(), 1 + 40 * 128 + 64);
        let small = vec![vec![0.1, 0.7, 0.2], vec![0.25, 0.25, 0.5]];
        check(&heat_map("Attention weights", "to", "from", &small).unwrap(), &["Attention weights", "0.70", "0.25"]);
        check(&heat_map("Constant", "x", "y", &[vec![3.0]]).unwrap(), &["Constant", "3"]);
        assert!(
            heat_map("", "", "", &[vec![f64::NAN]]).is_err()
                && heat_map("", "", "", &[]).is_err()
                && heat_map("", "", "", &[vec![1.0], vec![]]).is_err()
        );
    }

    #[test]
    fn panels_share_a_legend() {
        let (sine, points) = (curve(f64::sin, 60), curve(|x| (3.0 * x).cos() * 1e7, 60));
        let names = ["measured".to_owned()];
        let left = [Line { name: "model", points: &sine }];
        let mixed = [Line { name: "model", points: &points }];
        let scattered = Scatter { points: &points, group: &[], names: &names };
        let all = [
            Panel { title: "left", x: "time (s)", y: "level", lines: &left, ..Panel::default() },
            Panel { title: "right", x: "time (s)", y: "level", scatter: Some(scattered), ..Panel::default() },
            Panel {
                title: "both",
                x: "time (s)",
                y: "level",
                lines: &mixed,
                scatter: Some(scattered),
                ..Panel::default()
            },
        ];
        let svg = panels("Side by side", &all).unwrap();
        check(&svg, &["Side by side", "left", "right", "both", "in units of 1e7"]);
        assert_eq!(svg.matches("\nmodel").count(), 1);
    }

    #[test]
    fn categories_bear_their_names() {
        let draw = |categories: &[String]| {
            let points: Vec<(f64, f64)> = (0..categories.len()).map(|i| (i as f64, 40.0)).collect();
            let line = [Line { name: "", points: &points }];
            panels("Who", &[Panel { title: "who", lines: &line, categories, ..Panel::default() }]).unwrap()
        };
        let few = ["ant", "bee", "a very long name indeed"].map(str::to_owned);
        let svg = draw(&few);
        check(&svg, &["\nant\n", "\nbee\n", "\na very long…\n"]);
        assert!(!svg.contains("\n0.5\n"), "{svg}");
        // Of many as many as there is room for.
        let many: Vec<String> = (0..100).map(|i| format!("name {i}")).collect();
        let written = draw(&many).matches("\nname ").count();
        assert!((2..=8).contains(&written), "{written}");
    }

    #[test]
    fn any_numbers_make_axes() {
        let sizes = [0.0, 1e-300, 1e-9, 1.0, 1e9, 1.7e308];
        for low in sizes.iter().flat_map(|size| [-size, *size]) {
            for high in sizes {
                let line = [(low, high), (high, low)];
                let title = format!("From {low:e} to {high:e}");
                check(&lines(&title, "x", "y", &[Line { name: "", points: &line }]).unwrap(), &[&title]);
                check(&heat_map(&title, "x", "y", &[vec![low, high]]).unwrap(), &[&title]);
            }
        }
    }

    #[test]
    fn what_has_no_width() {
        let constant = [(0.0, -2.0), (1.0, -2.0), (2.0, -2.0)];
        let svg = lines("Always the same", "x", "y", &[Line { name: "", points: &constant }]).unwrap();
        check(&svg, &["Always the same", "-2.0"]);
        check(
            &lines("One point", "x", "y", &[Line { name: "it", points: &[(3.0, 4.0)] }]).unwrap(),
            &["One point", "4"],
        );
        let close = [(1e9, 1e9 + 0.25), (1e9 + 1.0, 1e9 + 0.5)];
        let svg = lines("Last digits", "x", "y", &[Line { name: "", points: &close }]).unwrap();
        check(&svg, &["Last digits", "− 1000000000", "0.2"]);
    }

    #[test]
    fn refuses_nothing() {
        let none = [Line { name: "", points: &[(f64::NAN, 1.0)] }];
        for svg in [
            lines("", "", "", &[]),
            lines("", "", "", &none),
            lines_log_y("", "", "", &[Line { name: "", points: &[(0.0, 0.0)] }]),
            scatter("", "", "", &[], &[], &[]),
            panels("", &[]),
        ] {
            assert_eq!(svg.unwrap_err().message, "there is nothing to draw");
        }
    }
}
