//! PNG files that settings name.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use png::{ColorType, Decoder, Limits, Transformations};
use veche_mix::{Image, MAX_IMAGE_SIDE};

use crate::settings::SettingsError;

/// Bytes that reading one may take besides its pixels.
const MAX_DECODER_BYTES: usize = 64 * 1024 * 1024;

/// Reads a PNG of any kind.
pub(crate) fn read(path: &Path) -> Result<Image, SettingsError> {
    let wrong = |problem: String| SettingsError::Image {
        path: path.display().to_string(),
        problem,
    };
    let file = File::open(path).map_err(|error| SettingsError::File {
        path: path.display().to_string(),
        error,
    })?;
    let not_png = |error: png::DecodingError| wrong(format!("not a PNG that can be read: {error}"));
    let limits = Limits {
        bytes: MAX_DECODER_BYTES,
    };
    let mut decoder = Decoder::new_with_limits(BufReader::new(file), limits);
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let header = decoder.read_header_info().map_err(not_png)?;
    let (width, height) = (header.width, header.height);
    if width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE {
        return Err(wrong(format!(
            "{width}x{height} pixels; {MAX_IMAGE_SIDE} is the most of a side"
        )));
    }
    let mut reader = decoder.read_info().map_err(not_png)?;
    let size = reader.output_buffer_size().unwrap_or(0);
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(not_png)?;
    bytes.truncate(frame.buffer_size());
    let bytes = match frame.color_type {
        ColorType::Rgba => bytes,
        ColorType::GrayscaleAlpha => bytes
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha])
            .collect(),
        other => return Err(wrong(format!("pixels of the kind {other:?}"))),
    };
    Image::rgba(width, height, bytes).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that fails here has failed")]
mod tests {
    use super::*;

    fn write(path: &Path, kind: ColorType, width: u32, data: &[u8]) {
        let mut encoder = png::Encoder::new(File::create(path).unwrap(), width, 1);
        encoder.set_color(kind);
        if kind == ColorType::Indexed {
            encoder.set_palette([1, 2, 3, 200, 100, 50].as_slice());
            encoder.set_trns([0, 255].as_slice());
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
    }

    #[test]
    fn every_kind_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        for (kind, data) in [
            (ColorType::Rgba, &[1, 2, 3, 4, 5, 6, 7, 8][..]),
            (ColorType::Rgb, &[1, 2, 3, 4, 5, 6]),
            (ColorType::Grayscale, &[1, 2]),
            (ColorType::GrayscaleAlpha, &[1, 2, 3, 4]),
            (ColorType::Indexed, &[0, 1]),
        ] {
            write(&path, kind, 2, data);
            let image = read(&path).unwrap();
            assert_eq!((image.width(), image.height()), (2, 1), "{kind:?}");
        }
    }

    #[test]
    fn what_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo.png");
        assert!(matches!(read(&path), Err(SettingsError::File { .. })));
        std::fs::write(&path, "GIF89a").unwrap();
        let sentence = read(&path).unwrap_err().to_string();
        assert!(sentence.contains("logo.png: not a PNG"), "{sentence}");
        write(&path, ColorType::Grayscale, 5000, &[0; 5000]);
        let sentence = read(&path).unwrap_err().to_string();
        assert!(sentence.contains("5000x1 pixels; 4096 is"), "{sentence}");
        // A header that promises more than there is.
        write(&path, ColorType::Grayscale, 4096, &[0; 4096]);
        let bytes = std::fs::read(&path).unwrap();
        for cut in 0..bytes.len() - 12 {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert!(read(&path).is_err(), "{cut}");
        }
    }
}
