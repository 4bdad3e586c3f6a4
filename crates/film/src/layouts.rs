//! Layouts from files (`mixerLayoutDir`): a folder with one `N_name.mix` for each
//! number of tiles N, in the reference's markup.

use std::fs;
use std::path::{Path, PathBuf};

use roxmltree::{Document, Node, ParsingOptions};
use veche_mix::custom::{Align, Content, Element, Layouts, Length, Padding, Seat};

use crate::settings::SettingsError;

/// Ends the names of layouts.
const EXTENSION: &str = "mix";

/// Files of a folder that are looked at.
const MAX_FILES: usize = 1000;

/// Bytes of a layout. Hundreds of tiles are below it.
const MAX_BYTES: u64 = 256 * 1024;

/// Elements and texts of a layout.
const MAX_NODES: u32 = 20_000;

/// Boxes in boxes.
const MAX_DEPTH: u32 = 32;

/// Reads a folder. Also what was not understood, to be said.
pub(crate) fn read(folder: &Path) -> Result<(Layouts, Vec<String>), SettingsError> {
    let mut layouts = Layouts::new();
    let mut warnings = Vec::new();
    for path in files(folder)? {
        let wrong = |problem: String| SettingsError::Layout {
            path: path.display().to_string(),
            problem,
        };
        let count = count(&path).ok_or_else(|| {
            wrong(
                "the name begins with the number of participants, such as 2_side-by-side.mix"
                    .into(),
            )
        })?;
        let failed = |error| SettingsError::File {
            path: path.display().to_string(),
            error,
        };
        if fs::metadata(&path).map_err(failed)?.len() > MAX_BYTES {
            return Err(wrong(format!("larger than {MAX_BYTES} bytes")));
        }
        let text = fs::read_to_string(&path).map_err(failed)?;
        let (elements, said) = parse(&text).map_err(|(line, problem)| SettingsError::Layout {
            path: format!("{}:{line}", path.display()),
            problem,
        })?;
        warnings.extend(
            said.into_iter()
                .map(|(line, problem)| format!("{}:{line}: {problem}", path.display())),
        );
        let added = layouts.add(count, elements);
        added.map_err(|error| wrong(format!("{error}; there is one file for each number")))?;
    }
    if layouts.is_empty() {
        return Err(SettingsError::Layout {
            path: folder.display().to_string(),
            problem:
                "no layouts in it; they are called N_name.mix, N being the number of participants"
                    .into(),
        });
    }
    Ok((layouts, warnings))
}

/// In the order of their names.
fn files(folder: &Path) -> Result<Vec<PathBuf>, SettingsError> {
    let failed = |error| SettingsError::File {
        path: folder.display().to_string(),
        error,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)?.take(MAX_FILES) {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case(EXTENSION))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The number before the underscore.
fn count(path: &Path) -> Option<usize> {
    let name = path.file_stem()?.to_str()?;
    let (number, _) = name.split_once('_')?;
    number.parse().ok().filter(|count| *count > 0)
}

/// Something to say about a line.
type Said = (u32, String);

/// Reads one layout.
fn parse(text: &str) -> Result<(Vec<Element>, Vec<Said>), Said> {
    let options = ParsingOptions {
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        let line = match error {
            roxmltree::Error::UnexpectedEndOfStream => text.lines().count(),
            _ => error.pos().row as usize,
        };
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            format!("not XML: {error}"),
        )
    })?;
    let body = document.root_element();
    let mut reading = Reading {
        document: &document,
        said: Vec::new(),
    };
    if body.tag_name().name() != "body" {
        let name = body.tag_name().name();
        let problem = format!("<{name}> where <body> is the outermost element");
        return Err((reading.line(body), problem));
    }
    let elements = reading.children(body, 0)?;
    Ok((elements, reading.said))
}

struct Reading<'a> {
    document: &'a Document<'a>,
    said: Vec<Said>,
}

impl Reading<'_> {
    fn line(&self, node: Node<'_, '_>) -> u32 {
        self.document.text_pos_at(node.range().start).row
    }

    fn children(&mut self, node: Node<'_, '_>, depth: u32) -> Result<Vec<Element>, Said> {
        if depth >= MAX_DEPTH {
            let problem = format!("more than {MAX_DEPTH} elements within each other");
            return Err((self.line(node), problem));
        }
        let children = node.children().filter(Node::is_element);
        let elements: Result<Vec<Element>, Said> =
            children.map(|child| self.element(child, depth)).collect();
        let elements = elements?;
        let shares = |length: fn(&Element) -> Length| {
            let parts = elements
                .iter()
                .any(|e| matches!(length(e), Length::Parts(_)));
            let percent = elements.iter().any(|e| {
                let in_line = matches!(
                    e.align,
                    Align::Row | Align::RowCenter | Align::Column | Align::ColumnCenter
                );
                in_line && matches!(length(e), Length::Percent(_))
            });
            parts && percent
        };
        if shares(|e| e.width) {
            let problem = "widths in col and in % beside each other; use one of both";
            return Err((self.line(node), problem.into()));
        }
        if shares(|e| e.height) {
            let problem = "heights in row and in % beside each other; use one of both";
            return Err((self.line(node), problem.into()));
        }
        Ok(elements)
    }

    fn element(&mut self, node: Node<'_, '_>, depth: u32) -> Result<Element, Said> {
        let line = self.line(node);
        let name = node.tag_name().name();
        let is_video = match name {
            "video" => true,
            "div" | "row" => false,
            other => {
                let problem = format!("<{other}> is none of <video>, <div> and <row>");
                return Err((line, problem));
            }
        };
        let mut element = Element::default();
        let mut seat = Seat::default();
        for attribute in node.attributes() {
            let (key, value) = (attribute.name(), attribute.value().trim());
            let wrong = |expected: &str| {
                let shown: String = value.chars().take(40).collect();
                (line, format!("{key}=\"{shown}\" is not {expected}"))
            };
            let pixels = || {
                value
                    .parse::<u32>()
                    .map_err(|_| wrong("a number of pixels"))
            };
            match key {
                "x" => element.x = value.parse().map_err(|_| wrong("a number of pixels"))?,
                "y" => element.y = value.parse().map_err(|_| wrong("a number of pixels"))?,
                "width" => {
                    element.width = length(value, "col")
                        .ok_or_else(|| wrong("a width such as 320, 50% or 1col"))?;
                }
                "height" => {
                    element.height = length(value, "row")
                        .ok_or_else(|| wrong("a height such as 180, 50% or 1row"))?;
                }
                "align" => element.align = align(value).ok_or_else(|| wrong(ALIGNS))?,
                "padding-left" => element.padding.left = pixels()?,
                "padding-right" => element.padding.right = pixels()?,
                "padding-top" => element.padding.top = pixels()?,
                "padding-bottom" => element.padding.bottom = pixels()?,
                "padding" => {
                    let all = pixels()?;
                    element.padding = Padding {
                        left: all,
                        right: all,
                        top: all,
                        bottom: all,
                    };
                }
                "crop" if is_video => {
                    seat.crop = flag(value).ok_or_else(|| wrong("true or false"))?;
                }
                "id" if is_video => seat.id = (!value.is_empty()).then(|| value.to_owned()),
                "value" if is_video => seat.name = (!value.is_empty()).then(|| value.to_owned()),
                other => {
                    let problem = format!("{other} of <{name}> means nothing here, left out");
                    self.said.push((line, problem));
                }
            }
        }
        element.content = match is_video {
            true => {
                // Its text is the name as well.
                let text = node.text().map(str::trim).filter(|text| !text.is_empty());
                seat.name = seat.name.or(text.map(str::to_owned));
                Content::Seat(seat)
            }
            false => Content::Box(self.children(node, depth + 1)?),
        };
        Ok(element)
    }
}

/// `320`, `50%`, `1col` or `1row`; nothing and zero are all there is.
fn length(text: &str, unit: &str) -> Option<Length> {
    let number = |text: &str| {
        let number: f32 = text.trim().parse().ok()?;
        (0.0..=10_000.0).contains(&number).then_some(number)
    };
    if let Some(percent) = text.strip_suffix('%') {
        return number(percent).map(Length::Percent);
    }
    let parts = text
        .strip_suffix(unit)
        .or_else(|| text.strip_suffix(&format!("{unit}s")));
    if let Some(parts) = parts {
        return number(parts).map(Length::Parts);
    }
    match text.strip_suffix("px").unwrap_or(text).trim() {
        "" | "0" => Some(Length::Rest),
        pixels => Some(Length::Pixels(pixels.parse().ok()?)),
    }
}

const ALIGNS: &str = "LEFT, RIGHT, TOP, BOTTOM, CENTER, TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT, \
                      BOTTOM_RIGHT, INLINE_HORIZONTAL, INLINE_HORIZONTAL_CENTER, \
                      INLINE_VERTICAL or INLINE_VERTICAL_CENTER";

fn align(text: &str) -> Option<Align> {
    Some(match text.to_ascii_uppercase().as_str() {
        "" => Align::Usual,
        "LEFT" => Align::Left,
        "RIGHT" => Align::Right,
        "TOP" => Align::Top,
        "BOTTOM" => Align::Bottom,
        "TOP_LEFT" => Align::TopLeft,
        "TOP_RIGHT" => Align::TopRight,
        "BOTTOM_LEFT" => Align::BottomLeft,
        "BOTTOM_RIGHT" => Align::BottomRight,
        "CENTER" => Align::Center,
        "INLINE_HORIZONTAL" => Align::Row,
        "INLINE_HORIZONTAL_CENTER" => Align::RowCenter,
        "INLINE_VERTICAL" => Align::Column,
        "INLINE_VERTICAL_CENTER" => Align::ColumnCenter,
        _ => return None,
    })
}

fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" | "" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
mod tests;
