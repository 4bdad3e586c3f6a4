#![no_main]

use libfuzzer_sys::fuzz_target;
use veche_signal::{Limits, decode};

fuzz_target!(|text: &str| {
    let _ = decode(text, &Limits::default());
});
