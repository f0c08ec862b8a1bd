//! Pictures: SVG text in, files, PNG and terminal pictures out.
//!
//! A plot tool returns SVG as data. Here it becomes a file that a person can open, a PNG drawn by `resvg`, and the escape
//! sequence that shows the PNG in terminals that can.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use resvg::{tiny_skia, usvg};
use sha2::{Digest, Sha256};

use super::sixel;
use super::terminal::Pictures;

/// Why a picture was not drawn or saved.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The text is no SVG.
    #[error("the picture is not SVG that can be drawn")]
    NotSvg(#[source] usvg::Error),
    /// The picture is empty or larger than the limit.
    #[error("the picture is {width} x {height} pixels; it must be from 1 x 1 to {limit} x {limit}")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// The most pixels in each direction.
        limit: u32,
    },
    /// The PNG could not be put together.
    #[error("cannot encode the picture: {0}")]
    Encode(String),
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
}

/// The most pixels in each direction.
const LIMIT: u32 = 8192;

/// Draws SVG as a PNG, `scale` pixels for each SVG unit, on white. Nothing is loaded from files or the network, whatever
/// the SVG refers to.
///
/// Text is drawn in DejaVu Sans, which is in the program, so that a picture has its labels and looks the same on every
/// machine; for characters that it lacks the system's fonts stand in.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, PictureError> {
    draw(svg, |_| scale)?.encode_png().map_err(|error| PictureError::Encode(error.to_string()))
}

/// Draws SVG on white; `scale` is told its width.
fn draw(svg: &str, scale: impl Fn(f32) -> f32) -> Result<tiny_skia::Pixmap, PictureError> {
    let mut options = usvg::Options {
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: usvg::ImageHrefResolver::default_data_resolver(),
            resolve_string: Box::new(|_, _| None),
        },
        ..Default::default()
    };
    if svg.contains("<text") {
        options.fontdb = Arc::new(fonts(svg));
    }
    let tree = usvg::Tree::from_str(svg, &options).map_err(PictureError::NotSvg)?;
    let size = tree.size();
    let scale = scale(size.width());
    // `as` saturates, so that an absurd size is seen as one.
    let (width, height) = ((size.width() * scale).ceil() as u32, (size.height() * scale).ceil() as u32);
    let too_large = PictureError::Size { width, height, limit: LIMIT };
    if width > LIMIT || height > LIMIT {
        return Err(too_large);
    }
    let Some(mut pixels) = tiny_skia::Pixmap::new(width, height) else { return Err(too_large) };
    pixels.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    Ok(pixels)
}

/// The fonts that a text needs.
fn fonts(text: &str) -> usvg::fontdb::Database {
    let mut fonts = usvg::fontdb::Database::new();
    if !text.is_ascii() {
        fonts.load_system_fonts();
    }
    for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(font)));
    }
    // What the system prefers need not be there: then no text at all would be drawn.
    fonts.set_sans_serif_family(FONT);
    fonts.set_serif_family(FONT);
    fonts
}

/// The family of the fonts in the program.
const FONT: &str = "DejaVu Sans";

/// Where a picture was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The SVG file.
    pub svg: PathBuf,
    /// The PNG file.
    pub png: PathBuf,
    /// The PNG's bytes.
    pub bytes: Vec<u8>,
}

/// Saves a picture as SVG and PNG in `folder`. The name holds the tool and a hash of the picture, so that the same
/// picture is the same file.
pub fn save(folder: &Path, tool: &str, svg: &str) -> Result<Saved, PictureError> {
    let hash: String = Sha256::digest(svg.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let tool: String = tool.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let path = |ending: &str| folder.join(format!("{tool}-{hash}.{ending}"));
    let bytes = png(svg, 2.0)?;
    let saved = Saved { svg: path("svg"), png: path("png"), bytes };
    std::fs::create_dir_all(folder).map_err(|cause| PictureError::Write { path: folder.to_owned(), cause })?;
    write(&saved.svg, svg.as_bytes())?;
    write(&saved.png, &saved.bytes)?;
    Ok(saved)
}

/// Writes a picture to one file, as PNG if its name ends so, else as SVG.
pub fn save_as(path: &Path, svg: &str) -> Result<(), PictureError> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
        write(path, &png(svg, 2.0)?)
    } else {
        write(path, svg.as_bytes())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), PictureError> {
    std::fs::write(path, bytes).map_err(|cause| PictureError::Write { path: path.to_owned(), cause })
}

/// The sequence that shows a picture in a terminal, at most `columns` wide. `png` is `svg`, drawn.
pub fn inline(svg: &str, png: &[u8], how: Pictures, columns: usize) -> Result<String, PictureError> {
    Ok(match how {
        Pictures::Iterm => {
            let (size, data) = (png.len(), STANDARD.encode(png));
            format!("\u{1b}]1337;File=inline=1;size={size};width={columns};preserveAspectRatio=1:{data}\u{7}\n")
        }
        Pictures::Kitty => kitty(&STANDARD.encode(png), columns),
        // These terminals do not scale. A column is about eight pixels.
        Pictures::Sixel => sixel::encode(&draw(svg, |width| ((columns * 8) as f32 / width).min(1.0))?) + "\n",
    })
}

/// kitty takes base64 in pieces of at most 4096 bytes; all but the last say that more follows (`m=1`).
fn kitty(data: &str, columns: usize) -> String {
    let mut out = String::with_capacity(data.len() + data.len() / 256 + 64);
    let mut rest = data;
    let mut first = true;
    loop {
        // Base64 is ASCII, so every index is a character boundary.
        let (piece, after) = rest.split_at(rest.len().min(4096));
        let more = u8::from(!after.is_empty());
        if first {
            out.push_str(&format!("\u{1b}_Ga=T,f=100,q=2,c={columns},m={more};{piece}\u{1b}\\"));
        } else {
            out.push_str(&format!("\u{1b}_Gm={more};{piece}\u{1b}\\"));
        }
        if after.is_empty() {
            break;
        }
        (rest, first) = (after, false);
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SQUARE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="6"><rect width="10" height="6" fill="#ff0000"/></svg>"##;

    #[test]
    fn draws_the_pixels() {
        let drawn = tiny_skia::Pixmap::decode_png(&png(SQUARE, 2.0).unwrap()).unwrap();
        assert_eq!((drawn.width(), drawn.height()), (20, 12));
        let pixel = drawn.pixel(5, 5).unwrap();
        assert_eq!((pixel.red(), pixel.green(), pixel.blue()), (255, 0, 0));
    }

    #[test]
    fn text_is_drawn_whatever_fonts_the_machine_has() {
        let ink = |text: &str| {
            let svg = format!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><text x="5" y="15" font-family="sans-serif">{text}</text></svg>"#
            );
            let drawn = tiny_skia::Pixmap::decode_png(&png(&svg, 1.0).unwrap()).unwrap();
            drawn.pixels().iter().filter(|pixel| pixel.red() < 128).count()
        };
        assert_eq!(ink(""), 0);
        for text in ["age", "σ²", "Größe", "→ ≤"] {
            assert!(ink(text) > 10, "`{text}` has {} dark pixels", ink(text));
        }
        let all: Vec<_> = fonts("age").faces().flat_map(|face| face.families.clone()).map(|family| family.0).collect();
        assert!(all.iter().all(|family| family == FONT), "{all:?}");
    }

    #[test]
    fn refuses_what_is_no_picture_or_too_large() {
        assert!(matches!(png("hello", 1.0), Err(PictureError::NotSvg(_))));
        let huge = SQUARE.replacen("width=\"10\"", "width=\"1000000\"", 1);
        assert!(matches!(png(&huge, 1.0), Err(PictureError::Size { width: 1_000_000, .. })));
    }

    #[test]
    fn reads_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner.svg");
        std::fs::write(&inner, SQUARE).unwrap();
        let outer = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="6"><image href="{}" width="10" height="6"/></svg>"#,
            inner.display()
        );
        let drawn = tiny_skia::Pixmap::decode_png(&png(&outer, 1.0).unwrap()).unwrap();
        let pixel = drawn.pixel(5, 3).unwrap();
        assert_eq!((pixel.red(), pixel.green(), pixel.blue()), (255, 255, 255));
    }

    #[test]
    fn the_same_picture_is_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = save(folder.path(), "plot/../x", SQUARE).unwrap();
        assert_eq!(first, save(folder.path(), "plot/../x", SQUARE).unwrap());
        assert_eq!(std::fs::read_to_string(&first.svg).unwrap(), SQUARE);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn kitty_gets_pieces_and_iterm_a_whole() {
        let picture = vec![7u8; 4000];
        let shown = inline(SQUARE, &picture, Pictures::Kitty, 60).unwrap();
        // 4000 bytes are 5336 characters of base64: one full piece and the rest.
        assert_eq!(shown.matches("\u{1b}_G").count(), 2);
        assert!(shown.starts_with("\u{1b}_Ga=T,f=100,q=2,c=60,m=1;"));
        assert!(shown.contains("\u{1b}_Gm=0;"));
        assert!(inline(SQUARE, &picture, Pictures::Sixel, 60).unwrap().starts_with("\u{1b}P0;1q\"1;1;10;6#210;"));
        assert!(
            inline(SQUARE, &picture, Pictures::Iterm, 60)
                .unwrap()
                .starts_with("\u{1b}]1337;File=inline=1;size=4000;width=60")
        );
    }
}
