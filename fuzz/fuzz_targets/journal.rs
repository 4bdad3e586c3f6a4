#![no_main]

use libfuzzer_sys::fuzz_target;
use veche_record::chat;
use veche_record::journal::Journal;

fuzz_target!(|bytes: &[u8]| {
    let Ok(journal) = Journal::parse(bytes) else {
        return;
    };
    assert!(journal.events.is_sorted_by_key(|e| e.at_ms()));
    for stream in journal.streams() {
        assert!(journal.track_name(&stream.media_session_id).is_some());
        assert!(stream.until_ms.is_none_or(|until| until >= stream.from_ms));
    }
    for person in journal.people() {
        for stay in &person.stays {
            assert!(stay.until_ms.is_none_or(|until| until >= stay.from_ms));
        }
    }
    let texts = chat(&journal, journal.start.room_start_us);
    assert!(texts.windows(2).all(|w| w[0].at + w[0].duration <= w[1].at));
});
