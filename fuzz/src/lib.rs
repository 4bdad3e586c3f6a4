//! What several targets do with their bytes.

use veche_record::{Extras, Reader, Sample, finish_bytes};

/// Reads a file to its end, finishes it if it is open, and reads that.
///
/// # Panics
/// When what was finished cannot be read, or tells of other samples.
pub fn read_and_finish(bytes: &[u8]) {
    let _ = samples(bytes.to_vec());
    let extras = Extras {
        title: Some("title".to_owned()),
        chapters: vec![veche_record::Chapter {
            at: std::time::Duration::ZERO,
            title: "chapter".to_owned(),
        }],
    };
    let Ok((finished, summary)) = finish_bytes(bytes, &extras) else {
        return;
    };
    let mut reader = Reader::from_bytes(finished).expect("what was finished has a header");
    assert_eq!(reader.tracks().len(), summary.tracks.len());
    assert_eq!(reader.title(), Some("title"));
    let mut read = vec![0_u64; summary.tracks.len()];
    loop {
        match reader.next_sample() {
            Ok(Some(sample)) => read[sample.track] += 1,
            Ok(None) => break,
            // A sample of a size that is not read: it was in the open file.
            Err(veche_record::ReadError::TooLarge { .. }) => return,
            Err(error) => panic!("finished and not readable: {error}"),
        }
    }
    for (read, track) in read.iter().zip(&summary.tracks) {
        // Texts that show nothing are samples of the file, and of nobody else.
        let text = matches!(track.track.media, veche_record::TrackMedia::Text);
        assert!(
            *read == track.samples || text,
            "{read} of {}",
            track.samples
        );
    }
}

fn samples(bytes: Vec<u8>) -> Option<Vec<Sample>> {
    let mut reader = Reader::from_bytes(bytes).ok()?;
    let mut samples = Vec::new();
    while let Ok(Some(sample)) = reader.next_sample() {
        assert!(sample.track < reader.tracks().len());
        samples.push(sample);
    }
    Some(samples)
}
