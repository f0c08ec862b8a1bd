//! How every picture looks: the canvas, the palette, the marks, the legend, the axes.
//!
//! Colours are those of M. Okabe and K. Ito, "Color universal design", 2008, which people with any kind of colour vision
//! can tell apart; each also has a mark of its own, so that a picture survives a black-and-white printer. Text is at
//! least 12 pixels high in a picture 640 pixels wide, and the legend stands above the axes, where it covers no data.

use std::ops::Range;

use plotters::{
    coord::{
        Shift,
        ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter},
        types::RangedCoordf64,
    },
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::error::{Error, ErrorKind};

/// A picture while it is drawn.
pub(crate) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A pair of axes on it.
pub(crate) type Axes<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<Ticked, Ticked>>;

/// Numbers along an axis, with ticks where we say and with what we say at them.
pub(crate) struct Ticked {
    numbers: RangedCoordf64,
    ticks: Vec<(f64, String)>,
}

impl Ranged for Ticked {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.numbers.map(value, limit)
    }
    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { vec![] } else { self.ticks.iter().map(|tick| tick.0).collect() }
    }
    fn range(&self) -> Range<f64> {
        self.numbers.range()
    }
}

impl ValueFormatter<f64> for Ticked {
    fn format_ext(&self, value: &f64) -> String {
        let nearest = self.ticks.iter().min_by(|a, b| (a.0 - value).abs().total_cmp(&(b.0 - value).abs()));
        nearest.map_or(String::new(), |(_, label)| label.clone())
    }
}

/// Text and axes.
pub(crate) const INK: RGBColor = RGBColor(40, 40, 40);
/// Guide lines.
pub(crate) const FAINT: RGBColor = RGBColor(190, 190, 190);
/// What is as expected.
pub(crate) const GREY: RGBColor = RGBColor(130, 130, 130);
/// What to look at first (Okabe and Ito's vermilion).
pub(crate) const VERMILION: RGBColor = RGBColor(213, 94, 0);
/// What to look at next (their blue).
pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
/// Series after series: the palette from what is seen best on white to what is seen least.
const COLORS: [RGBColor; 7] = [
    BLUE,
    VERMILION,
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    INK,
];
/// The marks that go with them.
const MARKS: [Mark; 7] = [Mark::Dot, Mark::Triangle, Mark::Square, Mark::Cross, Mark::Diamond, Mark::Plus, Mark::Ring];
/// Length of a dash and of the gap after it in pixels; the first line has no gaps.
const DASHES: [(i32, i32); 5] = [(1, 0), (9, 4), (3, 3), (14, 3), (6, 7)];

/// The colour of series number `i`.
pub(crate) fn color(i: usize) -> RGBColor {
    COLORS[i % COLORS.len()]
}

/// The mark of series number `i`: other series of its colour have another.
pub(crate) fn shape(i: usize) -> Mark {
    MARKS[(i + i / COLORS.len()) % MARKS.len()]
}

/// A colour mixed with white, for what lies under marks.
pub(crate) fn pale(color: RGBColor) -> RGBColor {
    let lighter = |part: u8| 255 - (255 - part) / 4;
    RGBColor(lighter(color.0), lighter(color.1), lighter(color.2))
}

/// Width of every picture in pixels.
pub(crate) const WIDTH: u32 = 640;
/// Height of the part with the axes.
pub(crate) const HEIGHT: u32 = 470;
const TITLE: i32 = 34;
const LINE: i32 = 21;

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Dot,
    Triangle,
    Square,
    Cross,
    Diamond,
    Plus,
    Ring,
    /// Only in a legend: what the guide lines are.
    Dashes,
    /// Only in a legend: the line of series number `i`.
    Line(usize),
    /// Only in a legend: the filled bars of a histogram.
    Bar,
}

/// A line of the legend.
pub(crate) struct Entry {
    pub(crate) mark: Mark,
    pub(crate) color: RGBColor,
    pub(crate) text: String,
}

/// Draws a picture: title and legend on top, below them whatever `draw` puts on the rest.
pub(crate) fn picture(
    title: &str,
    legend: &[Entry],
    draw: impl for<'a> FnOnce(Canvas<'a>) -> Result<(), Error>,
) -> Result<String, Error> {
    picture_of_height(HEIGHT, title, legend, draw)
}

/// The same, where the part below title and legend has another height than usual.
pub(crate) fn picture_of_height(
    height: u32,
    title: &str,
    legend: &[Entry],
    draw: impl for<'a> FnOnce(Canvas<'a>) -> Result<(), Error>,
) -> Result<String, Error> {
    let places = flow(legend);
    let lines = places.last().map_or(0, |(_, line)| line + 1);
    let head = TITLE + LINE * lines + 4;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, height + head as u32)).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let bold = FontDesc::new(FontFamily::SansSerif, 21.0, FontStyle::Bold).color(&INK);
        root.draw(&Text::new(printable(title), (14, 10), bold)).map_err(failed)?;
        for (entry, (x, line)) in legend.iter().zip(places) {
            let middle = TITLE + LINE * line + LINE / 2;
            mark(&root, (x + 10, middle), entry.mark, entry.color, 4)?;
            let words = text(16.5).pos(Pos::new(HPos::Left, VPos::Center));
            root.draw(&Text::new(printable(&entry.text), (x + 24, middle), words)).map_err(failed)?;
        }
        let (_, below) = root.split_vertically(head);
        draw(below)?;
        root.present().map_err(failed)?;
    }
    // Screen readers say the title.
    let label = format!("<title>{}</title>\n", escape(&printable(title)));
    if let Some(end) = svg.find(">\n") {
        svg.insert_str(end + 2, &label);
    }
    Ok(svg)
}

/// Where each entry of a legend goes: its left edge in pixels and its line. As many as fit share a line.
fn flow(legend: &[Entry]) -> Vec<(i32, i32)> {
    let (mut x, mut line) = (14, 0);
    let place = |entry: &Entry| {
        // An "m" is wider than this and an "i" narrower.
        let width = 44 + 9 * printable(&entry.text).chars().count() as i32;
        if x > 14 && x + width > WIDTH as i32 {
            (x, line) = (14, line + 1);
        }
        let place = (x, line);
        x += width;
        place
    };
    legend.iter().map(place).collect()
}

/// Axes from 0 to `x` and `y`, both positive and of a size that a person reads (see [`Scale`]), with their names.
pub(crate) fn axes<'a>(canvas: &Canvas<'a>, x: (&str, f64), y: (&str, f64)) -> Result<Axes<'a>, Error> {
    let axis = |(name, most): (&str, f64)| {
        // A mark at 0 is whole as well.
        let ticks = ticks(0.0, most, 7).into_iter().filter(|(at, _)| *at <= most).collect();
        AxisLine { name: name.to_owned(), from: -0.02 * most, to: most, ticks }
    };
    axes_along(canvas, &axis(x), &axis(y), true)
}

/// One axis: what it is called, from where to where it goes (down, if `to` is less), and where its ticks are.
pub(crate) struct AxisLine {
    pub(crate) name: String,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) ticks: Vec<(f64, String)>,
}

/// Axes from anywhere to anywhere, with or without lines at the ticks.
pub(crate) fn axes_along<'a>(canvas: &Canvas<'a>, x: &AxisLine, y: &AxisLine, mesh: bool) -> Result<Axes<'a>, Error> {
    let widest = y.ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0) as u32;
    let at = |axis: &AxisLine| Ticked { numbers: (axis.from..axis.to).into(), ticks: axis.ticks.clone() };
    let mut chart = ChartBuilder::on(canvas)
        .margin_right(18)
        .margin_top(6)
        .margin_left(6)
        .x_label_area_size(50)
        .y_label_area_size((34 + 8 * widest).max(58))
        .build_cartesian_2d(at(x), at(y))
        .map_err(failed)?;
    let lines = if mesh { RGBColor(235, 235, 235) } else { WHITE };
    let mut style = chart.configure_mesh();
    if !mesh {
        style.disable_mesh();
    }
    style
        .max_light_lines(0)
        .bold_line_style(lines)
        .axis_style(INK)
        .label_style(text(15.5))
        .axis_desc_style(text(17.0))
        .x_desc(printable(&x.name))
        .y_desc(printable(&y.name))
        .draw()
        .map_err(failed)?;
    Ok(chart)
}

/// Up to `most` round numbers from `low` to `high`, evenly spaced, and how to write them.
pub(crate) fn ticks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / most as f64;
    let decade = 10_f64.powi(rough.log10().floor() as i32);
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].iter().map(|nice| nice * decade).find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * decade);
    let decimals =
        (0..12).find(|&places| (step * 10_f64.powi(places) - (step * 10_f64.powi(places)).round()).abs() < 1e-6);
    let decimals = decimals.unwrap_or(12) as usize;
    // Whole multiples of the step, so that what should be 0 is not a crumb beside it.
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(|i| i as f64 * step).map(|at| (at, format!("{at:.decimals$}"))).collect()
}

/// A power of ten that brings numbers of any size into a range that axes can show, and how to say so.
pub(crate) struct Scale {
    power: i32,
}

impl Scale {
    /// For numbers up to `largest`, finite and not negative.
    pub(crate) fn for_up_to(largest: f64) -> Self {
        let readable = largest == 0.0 || (1e-2..1e5).contains(&largest);
        Scale { power: if readable { 0 } else { largest.log10().floor() as i32 } }
    }

    /// The number in the units of the axis.
    pub(crate) fn apply(&self, number: f64) -> f64 {
        // In two steps: one power of ten could be out of range where the result is not.
        let half = self.power / 2;
        number / 10_f64.powi(half) / 10_f64.powi(self.power - half)
    }

    /// The axis' name with its units.
    pub(crate) fn name(&self, what: &str) -> String {
        if self.power == 0 { what.to_owned() } else { format!("{what} (in units of 1e{})", self.power) }
    }
}

/// A dashed line between two points of the axes.
pub(crate) fn guide(axes: &mut Axes, from: (f64, f64), to: (f64, f64)) -> Result<(), Error> {
    axes.draw_series(DashedLineSeries::new([from, to], 5, 4, FAINT.stroke_width(2))).map_err(failed)?;
    Ok(())
}

/// Puts marks on the axes; many are smaller, so that they can be told apart.
pub(crate) fn scatter(axes: &Axes, points: &[(f64, f64)], shape: Mark, color: RGBColor) -> Result<(), Error> {
    let canvas = axes.plotting_area().strip_coord_spec();
    let radius = if points.len() > 300 { 2 } else { 4 };
    points.iter().try_for_each(|point| mark(&canvas, place(axes, point), shape, color, radius))
}

/// Where a point of the axes lies on their own part of the canvas, in pixels.
fn place(axes: &Axes, point: &(f64, f64)) -> (i32, i32) {
    let (left, top) = axes.plotting_area().get_base_pixel();
    let (x, y) = axes.backend_coord(point);
    (x - left, y - top)
}

fn mark(canvas: &Canvas, (x, y): (i32, i32), shape: Mark, color: RGBColor, r: i32) -> Result<(), Error> {
    let fill = color.mix(0.85).filled();
    match shape {
        Mark::Dot => canvas.draw(&Circle::new((x, y), r, fill)),
        Mark::Square => canvas.draw(&Rectangle::new([(x - r, y - r), (x + r, y + r)], fill)),
        Mark::Triangle => {
            let wide = r * 3 / 2;
            canvas.draw(&Polygon::new(vec![(x, y - wide), (x + wide, y + r + 1), (x - wide, y + r + 1)], fill))
        }
        Mark::Diamond => {
            let wide = r * 3 / 2;
            canvas.draw(&Polygon::new(vec![(x, y - wide), (x + wide, y), (x, y + wide), (x - wide, y)], fill))
        }
        Mark::Ring => canvas.draw(&Circle::new((x, y), r, color.stroke_width(2))),
        Mark::Cross => [[(x - r, y - r), (x + r, y + r)], [(x - r, y + r), (x + r, y - r)]]
            .into_iter()
            .try_for_each(|stroke| canvas.draw(&PathElement::new(stroke, color.stroke_width(2)))),
        Mark::Plus => [[(x - r, y), (x + r, y)], [(x, y + r), (x, y - r)]]
            .into_iter()
            .try_for_each(|stroke| canvas.draw(&PathElement::new(stroke, color.stroke_width(2)))),
        Mark::Bar => canvas.draw(&Rectangle::new([(x - 9, y - 6), (x + 9, y + 6)], color.mix(0.55).filled())),
        Mark::Line(i) => return stroke(canvas, &[(x - 10, y), (x + 11, y)], i, color),
        Mark::Dashes => [-9, -2, 5].iter().try_for_each(|from| {
            canvas.draw(&PathElement::new([(x + from, y), (x + from + 4, y)], color.stroke_width(2)))
        }),
    }
    .map_err(failed)
}

/// A line through pixels in the dashes of series number `i`.
fn stroke(canvas: &Canvas, pixels: &[(i32, i32)], i: usize, color: RGBColor) -> Result<(), Error> {
    let (dash, gap) = DASHES[i % DASHES.len()];
    let pen = color.stroke_width(2);
    if gap == 0 {
        return canvas.draw(&PathElement::new(pixels.to_vec(), pen)).map_err(failed);
    }
    dashes(pixels, f64::from(dash), f64::from(gap))
        .into_iter()
        .try_for_each(|dash| canvas.draw(&PathElement::new(dash, pen)))
        .map_err(failed)
}

/// The pieces of a line that remain when it is cut into dashes; corners stay corners.
fn dashes(pixels: &[(i32, i32)], dash: f64, gap: f64) -> Vec<Vec<(i32, i32)>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<(i32, i32)> = pixels.first().copied().into_iter().collect();
    let (mut drawing, mut left) = (true, dash);
    for pair in pixels.windows(2) {
        let (from, to) = ((f64::from(pair[0].0), f64::from(pair[0].1)), (f64::from(pair[1].0), f64::from(pair[1].1)));
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut walked = 0.0;
        while walked + left < length {
            walked += left;
            let share = walked / length;
            let at = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            piece.push((at.0.round() as i32, at.1.round() as i32));
            if drawing {
                pieces.push(std::mem::take(&mut piece));
            } else {
                piece.drain(..piece.len() - 1);
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
        left -= length - walked;
        if drawing {
            piece.push(pair[1]);
        }
    }
    if drawing && piece.len() > 1 {
        pieces.push(piece);
    }
    pieces
}

/// Draws a line through points of the axes, in the dashes of series number `i`.
pub(crate) fn line_in(axes: &Axes, points: &[(f64, f64)], i: usize, color: RGBColor) -> Result<(), Error> {
    let canvas = axes.plotting_area().strip_coord_spec();
    let mut pixels: Vec<(i32, i32)> = points.iter().map(|point| place(axes, point)).collect();
    pixels.dedup();
    stroke(&canvas, &pixels, i, color)
}

/// One bar of a histogram between two corners of the axes: filled, and with a thin border that its neighbours see.
pub(crate) fn bar(axes: &Axes, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<(), Error> {
    let canvas = axes.plotting_area().strip_coord_spec();
    let corners = [place(axes, &from), place(axes, &to)];
    canvas.draw(&Rectangle::new(corners, color.mix(0.55).filled())).map_err(failed)?;
    canvas.draw(&Rectangle::new(corners, WHITE.stroke_width(1))).map_err(failed)
}

/// Writes a title over a part of the canvas and gives what lies below it.
pub(crate) fn titled<'a>(canvas: &Canvas<'a>, title: &str) -> Result<Canvas<'a>, Error> {
    let (above, below) = canvas.split_vertically(26);
    let middle = above.dim_in_pixel().0 as i32 / 2 + 20;
    let style = text(17.5).pos(Pos::new(HPos::Center, VPos::Center));
    above.draw(&Text::new(printable(title), (middle, 14), style)).map_err(failed)?;
    Ok(below)
}

/// Fills a rectangle between two corners of the axes.
pub(crate) fn fill(axes: &Axes, from: (f64, f64), to: (f64, f64), with: impl Color) -> Result<(), Error> {
    let canvas = axes.plotting_area().strip_coord_spec();
    canvas.draw(&Rectangle::new([place(axes, &from), place(axes, &to)], with.filled())).map_err(failed)
}

/// Writes a few words with their middle at a point of the axes.
pub(crate) fn words(axes: &Axes, at: (f64, f64), words: &str, size: f64, color: RGBColor) -> Result<(), Error> {
    let canvas = axes.plotting_area().strip_coord_spec();
    let style = FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal).color(&color);
    let style = style.pos(Pos::new(HPos::Center, VPos::Center));
    canvas.draw(&Text::new(printable(words), place(axes, &at), style)).map_err(failed)
}

/// Writes names beside points, where they cover neither a point nor another name; those without room are left out.
pub(crate) fn names(axes: &Axes, points: &[(f64, f64)], named: &[(usize, String)]) -> Result<(), Error> {
    let area = axes.plotting_area().strip_coord_spec();
    let (width, height) = area.dim_in_pixel();
    let pixels: Vec<(i32, i32)> = points.iter().map(|point| place(axes, point)).collect();
    let mut taken: Vec<Box2> = pixels.iter().map(|&(x, y)| Box2 { x: x - 5, y: y - 5, w: 10, h: 10 }).collect();
    for (i, name) in named {
        let name = printable(name);
        let (x, y) = pixels[*i];
        let (w, h) = (name.chars().count() as i32 * 8 + 2, 15);
        let places = [(8, -h / 2), (-8 - w, -h / 2), (-w / 2, -9 - h), (-w / 2, 9), (7, -7 - h), (7, 7)];
        let free = places.iter().map(|(dx, dy)| Box2 { x: x + dx, y: y + dy, w, h }).find(|place| {
            place.x >= 0
                && place.y >= 0
                && place.x + w <= width as i32
                && place.y + h <= height as i32
                && !taken.iter().any(|other| other.meets(place))
        });
        let Some(place) = free else { continue };
        let style = text(15.5).pos(Pos::new(HPos::Center, VPos::Center));
        area.draw(&Text::new(name, (place.x + w / 2, place.y + h / 2), style)).map_err(failed)?;
        taken.push(place);
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Box2 {
    x: i32,
    y: i32,
    w: i32,
    h: i32,
}

impl Box2 {
    fn meets(&self, other: &Box2) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }
}

pub(crate) fn text(size: f64) -> TextStyle<'static> {
    // The SVG backend writes the size divided by 1.24.
    FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal).color(&INK)
}

/// Without what XML does not allow, and not too long for a picture.
pub(crate) fn printable(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let text: String = text.chars().filter(allowed).collect();
    if text.chars().count() <= 90 { text } else { text.chars().take(89).chain(['…']).collect() }
}

/// As XML writes it.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(crate) fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Failed, "", format!("cannot draw the picture: {error}"))
}
