//! How every picture looks: the canvas, the palette, the marks, the legend, the axes.
//!
//! Colours are those of M. Okabe and K. Ito, "Color universal design", 2008, which people with any kind of colour vision
//! can tell apart; each also has a mark of its own, so that a picture survives a black-and-white printer. Text is at
//! least 12 pixels high in a picture 640 pixels wide, and the legend stands above the axes, where it covers no data.

use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use crate::error::{Error, ErrorKind};

/// A picture while it is drawn.
pub(crate) type Canvas<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A pair of axes on it.
pub(crate) type Axes<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

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

/// Width of every picture in pixels.
const WIDTH: u32 = 640;
/// Height of the part with the axes.
const HEIGHT: u32 = 470;
const TITLE: i32 = 34;
const LINE: i32 = 21;

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Dot,
    Triangle,
    Square,
    /// Only in a legend: what the guide lines are.
    Dashes,
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
    let head = TITLE + LINE * legend.len() as i32 + 4;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT + head as u32)).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let bold = FontDesc::new(FontFamily::SansSerif, 21.0, FontStyle::Bold).color(&INK);
        root.draw(&Text::new(printable(title), (14, 10), bold)).map_err(failed)?;
        for (i, entry) in legend.iter().enumerate() {
            let middle = TITLE + LINE * i as i32 + LINE / 2;
            mark(&root, (24, middle), entry.mark, entry.color, 4)?;
            let words = text(16.5).pos(Pos::new(HPos::Left, VPos::Center));
            root.draw(&Text::new(printable(&entry.text), (38, middle), words)).map_err(failed)?;
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

/// Axes from 0 to `x` and `y`, both positive and of a size that a person reads (see [`Scale`]), with their names.
pub(crate) fn axes<'a>(canvas: &Canvas<'a>, x: (&str, f64), y: (&str, f64)) -> Result<Axes<'a>, Error> {
    let mut chart = ChartBuilder::on(canvas)
        .margin_right(18)
        .margin_top(6)
        .margin_left(6)
        .x_label_area_size(50)
        .y_label_area_size(62)
        // A mark at 0 is whole as well.
        .build_cartesian_2d(-0.02 * x.1..x.1, -0.02 * y.1..y.1)
        .map_err(failed)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .bold_line_style(RGBColor(235, 235, 235))
        .axis_style(INK)
        .x_labels(7)
        .y_labels(7)
        .x_label_formatter(&|value| tick(*value, x.1))
        .y_label_formatter(&|value| tick(*value, y.1))
        .label_style(text(15.5))
        .axis_desc_style(text(17.0))
        .x_desc(x.0)
        .y_desc(y.0)
        .draw()
        .map_err(failed)?;
    Ok(chart)
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
        Mark::Dashes => [-9, -2, 5].iter().try_for_each(|from| {
            canvas.draw(&PathElement::new([(x + from, y), (x + from + 4, y)], color.stroke_width(2)))
        }),
    }
    .map_err(failed)
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

fn text(size: f64) -> TextStyle<'static> {
    // The SVG backend writes the size divided by 1.24.
    FontDesc::new(FontFamily::SansSerif, size, FontStyle::Normal).color(&INK)
}

/// As many decimals as tell neighbouring ticks apart.
fn tick(value: f64, most: f64) -> String {
    let decimals = (1.0 - (most / 7.0).log10().floor()).clamp(0.0, 4.0) as usize;
    // Ticks are sums of steps: what should be 0 may be a crumb below it.
    let value = if value.abs() < most * 1e-9 { 0.0 } else { value };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Without what XML does not allow, and not too long for a picture.
pub(crate) fn printable(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let text: String = text.chars().filter(allowed).collect();
    if text.chars().count() <= 90 { text } else { text.chars().take(89).chain(['…']).collect() }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Failed, "", format!("cannot draw the picture: {error}"))
}
