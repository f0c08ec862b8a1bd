//! Paths on a map: where an optimiser walked over the contour lines of a function of two variables.
//!
//! The contour lines are those of W. Lorensen and H. Cline's marching squares ("Marching cubes", SIGGRAPH 1987, in two
//! dimensions): each small square of a grid says by the values at its corners where a line crosses its sides. Levels are
//! quantiles of the values, so that a function of any scale has lines all over the map.

use plotters::prelude::*;

use super::{
    chart::Line,
    style::{self, Axes, AxisLine, Entry, GREY, Mark, axes_along, color, failed, line_in, scatter, shape, ticks},
};
use crate::error::Error;

/// Squares of the grid along each axis, and how many lines.
const GRID: usize = 44;
const LEVELS: usize = 11;

/// Draws paths over the contours of a function; nothing if they leave what a map can show.
pub(crate) fn paths(
    title: &str,
    function: &dyn Fn(f64, f64) -> f64,
    paths: &[Line<'_>],
) -> Result<Option<String>, Error> {
    let points = || paths.iter().flat_map(|path| path.points);
    let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else { return Ok(None) };
    let mut legend: Vec<Entry> = paths
        .iter()
        .enumerate()
        .map(|(i, path)| Entry { mark: shape(i), color: color(i), text: path.name.to_owned() })
        .collect();
    legend.push(Entry { mark: Mark::Dashes, color: GREY, text: "lines of equal value".to_owned() });
    let axis = |name: &str, (from, to): (f64, f64)| {
        let ticks = ticks(from, to, 7).into_iter().filter(|(at, _)| (from..=to).contains(at)).collect();
        AxisLine { name: name.to_owned(), from, to, ticks }
    };
    let svg = style::picture(title, &legend, |canvas| {
        let mut axes = axes_along(&canvas, &axis("x[0]", x), &axis("x[1]", y), false)?;
        contours(&mut axes, function, x, y)?;
        for (i, path) in paths.iter().enumerate() {
            line_in(&axes, path.points, i, color(i))?;
            scatter(&axes, path.points, shape(i), color(i))?;
        }
        Ok(())
    })?;
    Ok(Some(svg))
}

/// From the least to the largest with room around; none if it is too wide for axes.
fn range(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    if !(low.is_finite() && high.is_finite() && low.abs() < 1e6 && high.abs() < 1e6) {
        return None;
    }
    let room = (0.12 * (high - low)).max(1e-3 * high.abs().max(1.0));
    Some((low - room, high + room))
}

fn contours(
    axes: &mut Axes<'_>,
    function: &dyn Fn(f64, f64) -> f64,
    x: (f64, f64),
    y: (f64, f64),
) -> Result<(), Error> {
    let at = |(from, to): (f64, f64), i: usize| from + (to - from) * i as f64 / GRID as f64;
    let values: Vec<Vec<f64>> =
        (0..=GRID).map(|i| (0..=GRID).map(|j| function(at(x, j), at(y, i))).collect()).collect();
    let mut sorted: Vec<f64> = values.iter().flatten().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut segments: Vec<[(f64, f64); 2]> = Vec::new();
    for level in 1..=LEVELS {
        // Closer together towards the minimum, where paths end.
        let share = (level as f64 / (LEVELS + 1) as f64).powf(1.5);
        let Some(&level) = sorted.get((share * sorted.len() as f64) as usize) else { continue };
        for i in 0..GRID {
            for j in 0..GRID {
                let corners = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)];
                let crossings: Vec<(f64, f64)> = (0..4)
                    .filter_map(|k| {
                        let (a, b) = (corners[k], corners[(k + 1) % 4]);
                        let (u, v) = (values[a.0][a.1] - level, values[b.0][b.1] - level);
                        ((u < 0.0) != (v < 0.0)).then(|| {
                            let share = (u / (u - v)).clamp(0.0, 1.0);
                            let mix = |a: f64, b: f64| a + share * (b - a);
                            (mix(at(x, a.1), at(x, b.1)), mix(at(y, a.0), at(y, b.0)))
                        })
                    })
                    .filter(|(x, y)| x.is_finite() && y.is_finite())
                    .collect();
                segments.extend(crossings.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
            }
        }
    }
    let lines = segments.into_iter().map(|segment| PathElement::new(segment.to_vec(), style::FAINT.stroke_width(1)));
    axes.draw_series(lines).map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn draws_a_bowl() {
        let points = [(3.0, 1.0), (1.0, 0.5), (0.0, 0.0)];
        let lines = [Line { name: "down", points: &points }];
        let svg = paths("A bowl", &|x, y| x * x + y * y, &lines).unwrap().unwrap();
        assert!(svg.contains("down") && svg.matches("<polyline").count() > 100);
    }

    #[test]
    fn a_map_has_limits() {
        for points in [[(0.0, 0.0), (1e300, 0.0)], [(0.0, f64::NAN), (f64::INFINITY, 0.0)]] {
            assert!(paths("", &|x, _| x, &[Line { name: "", points: &points }]).unwrap().is_none());
        }
        // One point, and a function that is not finite anywhere.
        let points = [(2.0, 2.0)];
        assert!(paths("", &|_, _| f64::NAN, &[Line { name: "", points: &points }]).unwrap().is_some());
    }
}
