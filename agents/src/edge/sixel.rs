//! Pictures for terminals that take sixels (foot, mlterm, Contour, Windows Terminal, xterm as a VT340).
//!
//! A sixel is a column of six pixels in one character: bit 0 is the top, `?` is none and `~` all six. A band of six rows is
//! drawn once for each of its colours (`#n`), going back to its left edge (`$`) in between, and `-` begins the next band.
//! `!12~` repeats. Cost: O(pixels × colours of a band). Reference: DEC, *VT330/VT340 Programmer Reference*, 1988, chapter 14.

use resvg::tiny_skia::Pixmap;

/// Levels of red, green and blue: 6 × 7 × 6 = 252 colours, of the 256 that sixel terminals have. The eye is keenest on green.
const LEVELS: [u32; 3] = [6, 7, 6];

/// The nearest of the 252 colours.
fn colour(rgb: [u8; 3]) -> usize {
    rgb.iter().zip(LEVELS).fold(0, |index, (&part, levels)| {
        let level = (u32::from(part) * (levels - 1) + 127) / 255;
        index * levels as usize + level as usize
    })
}

/// A colour's parts in percent, as sixels state them.
fn percents(index: usize) -> [u32; 3] {
    let [_, green, blue] = LEVELS.map(|levels| levels as usize);
    let parts = [index / (green * blue), index / blue % green, index % blue];
    [0, 1, 2].map(|part| (parts[part] as u32 * 100 + (LEVELS[part] - 1) / 2) / (LEVELS[part] - 1))
}

/// A picture as the sequence that draws it. Transparent pixels are white, like the paper of the PNG.
pub fn encode(picture: &Pixmap) -> String {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels: Vec<usize> = picture
        .pixels()
        .iter()
        .map(|pixel| {
            let paper = 255 - pixel.alpha();
            // Colours are premultiplied, so what is missing is the paper's share.
            colour([pixel.red(), pixel.green(), pixel.blue()].map(|part| part.saturating_add(paper)))
        })
        .collect();
    let mut used = pixels.clone();
    used.sort_unstable();
    used.dedup();
    let mut out = format!("\u{1b}P0;1q\"1;1;{width};{height}");
    for &index in &used {
        let [red, green, blue] = percents(index);
        out.push_str(&format!("#{index};2;{red};{green};{blue}"));
    }
    for band in pixels.chunks(width * 6) {
        let mut colours: Vec<usize> = band.to_vec();
        colours.sort_unstable();
        colours.dedup();
        for (place, &index) in colours.iter().enumerate() {
            if place > 0 {
                out.push('$');
            }
            out.push_str(&format!("#{index}"));
            let column = |x: usize| {
                let rows = band.iter().skip(x).step_by(width).enumerate();
                rows.filter(|(_, pixel)| **pixel == index).fold(0u8, |bits, (row, _)| bits | 1 << row)
            };
            let columns: Vec<u8> = (0..width).map(column).collect();
            for run in columns.chunk_by(|a, b| a == b) {
                let sixel = char::from(b'?' + run[0]);
                if run.len() > 3 {
                    out.push_str(&format!("!{}{sixel}", run.len()));
                } else {
                    out.extend(std::iter::repeat_n(sixel, run.len()));
                }
            }
        }
        out.push('-');
    }
    out.push_str("\u{1b}\\");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use resvg::tiny_skia::Color;

    #[test]
    fn a_band_for_six_rows_and_a_run_for_equal_columns() {
        let mut picture = Pixmap::new(5, 8).expect("a small picture");
        picture.fill(Color::from_rgba8(255, 0, 0, 255));
        // Red is level 5 of 0 to 5, green and blue level 0: 5 * 42 = 210. All six bits are `~`, two rows are bits 1 and 2: `B`.
        assert_eq!(encode(&picture), "\u{1b}P0;1q\"1;1;5;8#210;2;100;0;0#210!5~-#210!5B-\u{1b}\\");
    }

    #[test]
    fn two_colours_share_a_band() {
        let mut picture = Pixmap::new(2, 1).expect("a small picture");
        picture.pixels_mut()[0] = Color::BLACK.premultiply().to_color_u8();
        // The other pixel stays transparent and is white: colour 251.
        assert_eq!(encode(&picture), "\u{1b}P0;1q\"1;1;2;1#0;2;0;0;0#251;2;100;100;100#0@?$#251?@-\u{1b}\\");
    }
}
