#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    veche_fuzz::read_and_finish(bytes);
});
