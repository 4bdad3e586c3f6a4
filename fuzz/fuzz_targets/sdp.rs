#![no_main]

use libfuzzer_sys::fuzz_target;
use veche_media::sdp::Offer;

fuzz_target!(|text: &str| {
    let _ = Offer::parse(text);
});
