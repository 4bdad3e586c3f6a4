//! How far a film is, told to a person or to a program.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::args::ProgressForm;

/// Tells how far it is, not too often.
pub(crate) struct Teller {
    form: Form,
    started: Instant,
    told: Option<Instant>,
}

enum Form {
    Bar,
    Lines,
    Json,
    Silent,
}

/// Letters of the bar.
const BAR: usize = 30;

impl Teller {
    pub(crate) fn new(form: ProgressForm) -> Self {
        let form = match form {
            ProgressForm::Bar => Form::Bar,
            ProgressForm::Json => Form::Json,
            ProgressForm::None => Form::Silent,
            ProgressForm::Auto if io::stderr().is_terminal() => Form::Bar,
            ProgressForm::Auto => Form::Lines,
        };
        Self {
            form,
            started: Instant::now(),
            told: None,
        }
    }

    /// `done` of `total` of the film are made.
    pub(crate) fn tell(&mut self, done: Duration, total: Duration) {
        let pause = match self.form {
            Form::Bar => Duration::from_millis(200),
            Form::Json => Duration::from_millis(500),
            Form::Lines => Duration::from_secs(10),
            Form::Silent => return,
        };
        let finished = done >= total;
        if !finished && self.told.is_some_and(|told| told.elapsed() < pause) {
            return;
        }
        self.told = Some(Instant::now());
        let part = part(done, total);
        let left = left(self.started.elapsed(), part);
        let line = match self.form {
            Form::Json => json(part, left),
            _ => text(part, left, self.started.elapsed(), done),
        };
        // Who does not listen has the film all the same.
        let _ = match self.form {
            Form::Json => writeln!(io::stdout(), "{line}"),
            Form::Bar => write!(io::stderr(), "\r\x1b[K{}{line}", bar(part)),
            _ => writeln!(io::stderr(), "{line}"),
        };
        let _ = io::stdout().flush();
    }

    /// Nothing more will be told.
    pub(crate) fn end(&self) {
        if matches!(self.form, Form::Bar) && self.told.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}

fn part(done: Duration, total: Duration) -> f64 {
    if total.is_zero() {
        return 1.0;
    }
    (done.as_secs_f64() / total.as_secs_f64()).clamp(0.0, 1.0)
}

/// None while it would be a guess.
fn left(elapsed: Duration, part: f64) -> Option<Duration> {
    let enough = part > 0.02 || elapsed > Duration::from_secs(5);
    (enough && part > 0.0)
        .then(|| Duration::from_secs_f64((elapsed.as_secs_f64() * (1.0 - part) / part).min(1e9)))
}

fn json(part: f64, left: Option<Duration>) -> String {
    let left = left.map_or("null".to_owned(), |left| left.as_secs().to_string());
    format!(r#"{{"progress":{part:.4},"seconds_left":{left}}}"#)
}

fn text(part: f64, left: Option<Duration>, elapsed: Duration, done: Duration) -> String {
    let mut text = format!("{:3.0} %", part * 100.0);
    let speed = done.as_secs_f64() / elapsed.as_secs_f64().max(0.001);
    text.push_str(&format!("  {speed:.1}× real time"));
    if let Some(left) = left.filter(|_| part < 1.0) {
        text.push_str(&format!("  {} left", clock(left)));
    }
    text
}

fn bar(part: f64) -> String {
    let full = (part * BAR as f64).round() as usize;
    format!("[{}{}] ", "█".repeat(full), "·".repeat(BAR - full))
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds / 3600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_reads_is_json() {
        assert_eq!(
            json(0.42, Some(Duration::from_secs(31))),
            r#"{"progress":0.4200,"seconds_left":31}"#
        );
        assert_eq!(
            json(0.0, None),
            r#"{"progress":0.0000,"seconds_left":null}"#
        );
    }

    #[test]
    fn the_time_left_follows_from_what_is_done() {
        let minute = Duration::from_secs(60);
        assert_eq!(left(minute, 0.25), Some(3 * minute));
        assert_eq!(left(Duration::from_millis(10), 0.001), None);
        assert_eq!(left(minute, 0.0), None);
        assert_eq!(left(minute, 1.0), Some(Duration::ZERO));
    }

    #[test]
    fn a_person_reads_a_line() {
        let line = text(
            0.5,
            Some(Duration::from_secs(3725)),
            Duration::from_secs(10),
            Duration::from_secs(25),
        );
        assert_eq!(line, " 50 %  2.5× real time  1:02:05 left");
        assert_eq!(bar(0.5).chars().filter(|c| *c == '█').count(), 15);
        assert_eq!(part(Duration::ZERO, Duration::ZERO), 1.0);
    }
}
