use std::time::Duration;

use super::Counters;
use super::audio::Place;

/// Sound that begins so near to where the sound before it ended follows it
/// without a gap: room clocks and packet times have noise. Beyond it the gap
/// is filled or the packet left out, so that sound played from the beginning
/// is never further than this from its timestamps.
const SNAP: Duration = Duration::from_millis(15);

/// Sound may come so much later than the pictures of its time before silence
/// is written in its place.
const SOUND_LAG: Duration = Duration::from_secs(1);

/// Times further in the future of the clock that they follow are not times.
const MAX_AHEAD: Duration = Duration::from_secs(5);

/// Nor those that lie further behind.
const MAX_BEHIND: Duration = Duration::from_secs(30);

/// A picture that has none before it to tell how long pictures last.
const FRAME: Duration = Duration::from_millis(33);

/// Pictures are at least so far apart: Matroska's ticks.
const MIN_FRAME: Duration = Duration::from_millis(1);

/// A stream without a picture for so long has its camera off. Screens that stand
/// still send one in a few seconds.
const PICTURES_GONE: Duration = Duration::from_secs(30);

/// Room time into file time.
#[derive(Debug)]
pub(super) struct Timeline {
    aligned_to: Option<Duration>,
    anchor: Option<(Duration, Duration)>,
    /// When the last unit came, and its time.
    latest: Option<(Duration, Duration)>,
    part_start: Duration,
    paused: Duration,
    joining: bool,
    last_picture: Option<Duration>,
    picture: Duration,
    sound_end: Option<Duration>,
}

impl Timeline {
    pub(super) fn new(aligned_to: Option<Duration>) -> Self {
        Self {
            aligned_to,
            anchor: None,
            latest: None,
            part_start: Duration::ZERO,
            paused: Duration::ZERO,
            joining: false,
            last_picture: None,
            picture: FRAME,
            sound_end: None,
        }
    }

    /// `at`, or the time that it should be if it cannot be one.
    pub(super) fn sane(
        &mut self,
        now: Duration,
        at: Duration,
        counters: &mut Counters,
    ) -> Duration {
        let (first_now, first_at) = *self.anchor.get_or_insert((now, at));
        let expected = first_at.saturating_add(now.saturating_sub(first_now));
        let sane = at <= expected + MAX_AHEAD && at.saturating_add(MAX_BEHIND) >= expected;
        let at = if sane { at } else { expected };
        counters.clamped += u64::from(!sane);
        self.latest = Some((now, at));
        at
    }

    /// A new part begins with media of that time. When the part starts.
    pub(super) fn begin_part(&mut self, at: Duration) -> Duration {
        // Only the first part reaches back to the room's origin.
        self.part_start = self.aligned_to.take().unwrap_or(at).min(at);
        self.paused = Duration::ZERO;
        self.joining = false;
        self.last_picture = None;
        self.sound_end = None;
        self.part_start
    }

    /// What comes next follows what is there, whatever time lies between.
    pub(super) fn join(&mut self) {
        self.joining = true;
    }

    /// Media begins or goes on with that time.
    pub(super) fn running(&mut self, at: Duration) {
        if std::mem::take(&mut self.joining) {
            self.paused += self.in_file(at).saturating_sub(self.length());
            self.sound_end = self.sound_end.map(|_| self.length());
        }
    }

    /// How long the part is.
    pub(super) fn length(&self) -> Duration {
        let pictures = self.last_picture.map(|at| at + self.picture_duration());
        pictures.max(self.sound_end).unwrap_or_default()
    }

    pub(super) fn has_video(&self) -> bool {
        self.last_picture.is_some()
    }

    /// Whether there were pictures a moment ago.
    pub(super) fn is_showing(&self) -> bool {
        self.last_picture
            .is_some_and(|at| at + PICTURES_GONE >= self.length())
    }

    pub(super) fn in_file(&self, at: Duration) -> Duration {
        at.saturating_sub(self.part_start + self.paused)
    }

    /// When a picture is shown; each later than the one before.
    pub(super) fn video(&mut self, at: Duration) -> Duration {
        let mut at = self.in_file(at);
        if let Some(last) = self.last_picture {
            at = at.max(last + MIN_FRAME);
            self.picture = (at - last).min(Duration::from_secs(1));
        }
        self.last_picture = Some(at);
        at
    }

    pub(super) fn video_at(&mut self, at: Duration) {
        self.last_picture = Some(at);
    }

    /// How long the last picture lasts if none follows.
    pub(super) fn picture_duration(&self) -> Duration {
        self.picture
    }

    pub(super) fn audio(&mut self, at: Duration, duration: Duration) -> Place {
        if at + duration <= self.part_start + self.paused {
            return Place::Overlaps;
        }
        let at = self.in_file(at);
        let Some(end) = self.sound_end else {
            self.sound_end = Some(at + duration);
            return Place::At(at);
        };
        if at + SNAP < end {
            return Place::Overlaps;
        }
        if at <= end + SNAP {
            self.sound_end = Some(end + duration);
            return Place::At(end);
        }
        self.sound_end = Some(at + duration);
        Place::Behind {
            silence: (end, at),
            at,
        }
    }

    pub(super) fn audio_ends_at(&mut self, end: Duration) {
        self.sound_end = Some(end);
    }

    /// Sound that is so late that silence takes its place, which is counted as
    /// there from here on.
    pub(super) fn missing_sound(&mut self, now: Duration) -> Option<(Duration, Duration)> {
        const STEP: u128 = 20_000;
        let end = self.sound_end?;
        let (then, at) = self.latest?;
        let present = self.in_file(at + now.saturating_sub(then));
        let missing = present.checked_sub(end + SOUND_LAG)?;
        let steps = u64::try_from(missing.as_micros() / STEP).ok()?;
        if steps == 0 {
            return None;
        }
        let until = end + Duration::from_micros(steps * 20_000);
        self.sound_end = Some(until);
        Some((end, until))
    }
}
