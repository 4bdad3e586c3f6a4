use std::collections::{BTreeMap, VecDeque};

use crate::model::{Mix, MixState};

/// How often a film is begun again after its mixer crashed. A file that kills
/// it twice more will do so for ever.
const MAX_RETRIES: u32 = 2;

/// Which films wait, which are being made. Pure.
#[derive(Debug)]
pub(crate) struct Queue {
    at_a_time: usize,
    max_waiting: usize,
    waiting: VecDeque<Waiting>,
    running: BTreeMap<String, Run>,
}

#[derive(Debug)]
struct Waiting {
    id: String,
    retries: u32,
}

#[derive(Debug, Default)]
struct Run {
    retries: u32,
    progress: f64,
    seconds_left: Option<u64>,
    cancelled: bool,
}

/// More films wait than may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{limit} films wait already")]
pub struct QueueFull {
    /// As many may.
    pub limit: usize,
}

/// How a mixer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// There is a film.
    Done,
    /// It said why not.
    Failed(String),
    /// It did not get to say.
    Crashed(String),
}

/// What becomes of a film whose mixer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Done,
    /// It waits again.
    Again,
    Cancelled,
    Failed(String),
}

/// What somebody who cancels has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cancel {
    /// It was not here.
    Unknown,
    /// It waits no more.
    Removed,
    /// Its mixer has to be killed.
    Kill,
}

impl Queue {
    pub(crate) fn new(at_a_time: usize, max_waiting: usize) -> Self {
        Self {
            at_a_time: at_a_time.max(1),
            max_waiting,
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
        }
    }

    /// Puts a film last. One that is here already stays where it is.
    pub(crate) fn add(&mut self, id: &str) -> Result<(), QueueFull> {
        if self.state(id).is_some() {
            return Ok(());
        }
        if self.waiting.len() >= self.max_waiting {
            return Err(QueueFull {
                limit: self.max_waiting,
            });
        }
        self.waiting.push_back(Waiting {
            id: id.to_owned(),
            retries: 0,
        });
        Ok(())
    }

    /// The film to begin with now.
    pub(crate) fn poll_start(&mut self) -> Option<String> {
        if self.running.len() >= self.at_a_time {
            return None;
        }
        let Waiting { id, retries } = self.waiting.pop_front()?;
        let run = Run {
            retries,
            ..Run::default()
        };
        self.running.insert(id.clone(), run);
        Some(id)
    }

    pub(crate) fn handle_progress(&mut self, id: &str, progress: f64, seconds_left: Option<u64>) {
        if let Some(run) = self.running.get_mut(id)
            && progress.is_finite()
        {
            run.progress = progress.clamp(0.0, 1.0);
            run.seconds_left = seconds_left;
        }
    }

    pub(crate) fn handle_end(&mut self, id: &str, ended: Ended) -> Verdict {
        let run = self.running.remove(id).unwrap_or_default();
        match ended {
            Ended::Done => Verdict::Done,
            _ if run.cancelled => Verdict::Cancelled,
            Ended::Failed(why) => Verdict::Failed(why),
            Ended::Crashed(why) if run.retries >= MAX_RETRIES => Verdict::Failed(why),
            Ended::Crashed(_) => {
                // Behind the others, and though they may be as many as may wait.
                self.waiting.push_back(Waiting {
                    id: id.to_owned(),
                    retries: run.retries + 1,
                });
                Verdict::Again
            }
        }
    }

    pub(crate) fn cancel(&mut self, id: &str) -> Cancel {
        if let Some(run) = self.running.get_mut(id) {
            run.cancelled = true;
            return Cancel::Kill;
        }
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.id != id);
        match self.waiting.len() < before {
            true => Cancel::Removed,
            false => Cancel::Unknown,
        }
    }

    /// How far a film is, if it waits or is being made.
    pub(crate) fn state(&self, id: &str) -> Option<Mix> {
        if let Some(run) = self.running.get(id) {
            return Some(Mix {
                state: MixState::Running,
                progress: run.progress,
                seconds_left: run.seconds_left,
                error: None,
            });
        }
        let waits = self.waiting.iter().any(|waiting| waiting.id == id);
        waits.then_some(Mix {
            state: MixState::Queued,
            progress: 0.0,
            seconds_left: None,
            error: None,
        })
    }

    /// How many wait and how many are being made.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.waiting.len(), self.running.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crash() -> Ended {
        Ended::Crashed("killed by signal 11".to_owned())
    }

    fn state(queue: &Queue, id: &str) -> Option<MixState> {
        queue.state(id).map(|mix| mix.state)
    }

    #[test]
    fn films_are_made_one_after_the_other_in_order() {
        let mut queue = Queue::new(1, 10);
        for id in ["a", "b", "a"] {
            queue.add(id).unwrap();
        }
        assert_eq!(queue.poll_start().as_deref(), Some("a"));
        assert_eq!(queue.poll_start(), None);
        assert_eq!(state(&queue, "a"), Some(MixState::Running));
        assert_eq!(state(&queue, "b"), Some(MixState::Queued));
        queue.add("a").unwrap();
        assert_eq!(queue.handle_end("a", Ended::Done), Verdict::Done);
        assert_eq!(queue.poll_start().as_deref(), Some("b"));
        assert_eq!(queue.handle_end("b", Ended::Done), Verdict::Done);
        assert_eq!(queue.poll_start(), None);
    }

    #[test]
    fn a_crash_is_tried_twice_more_and_a_failure_is_not() {
        let mut queue = Queue::new(1, 10);
        queue.add("a").unwrap();
        for _ in 0..MAX_RETRIES {
            assert!(queue.poll_start().is_some());
            assert_eq!(queue.handle_end("a", crash()), Verdict::Again);
        }
        assert!(queue.poll_start().is_some());
        let why = "killed by signal 11".to_owned();
        assert_eq!(queue.handle_end("a", crash()), Verdict::Failed(why));
        assert_eq!(queue.poll_start(), None);

        queue.add("b").unwrap();
        assert!(queue.poll_start().is_some());
        let failed = Ended::Failed("no media in b.mkv".to_owned());
        let why = "no media in b.mkv".to_owned();
        assert_eq!(queue.handle_end("b", failed), Verdict::Failed(why));
    }

    #[test]
    fn no_more_wait_than_may() {
        let mut queue = Queue::new(1, 2);
        queue.add("a").unwrap();
        queue.add("b").unwrap();
        assert_eq!(queue.add("c"), Err(QueueFull { limit: 2 }));
        assert_eq!(queue.add("b"), Ok(()));
        queue.poll_start().unwrap();
        assert_eq!(queue.add("c"), Ok(()));
    }

    #[test]
    fn a_cancelled_film_is_not_tried_again() {
        let mut queue = Queue::new(1, 10);
        queue.add("a").unwrap();
        queue.add("b").unwrap();
        queue.poll_start().unwrap();
        assert_eq!(queue.cancel("b"), Cancel::Removed);
        assert_eq!(queue.cancel("b"), Cancel::Unknown);
        assert_eq!(queue.cancel("a"), Cancel::Kill);
        assert_eq!(queue.handle_end("a", crash()), Verdict::Cancelled);
        assert_eq!(queue.poll_start(), None);
    }

    #[test]
    fn a_film_that_was_done_before_it_could_be_cancelled_is_there() {
        let mut queue = Queue::new(1, 10);
        queue.add("a").unwrap();
        queue.poll_start().unwrap();
        queue.cancel("a");
        assert_eq!(queue.handle_end("a", Ended::Done), Verdict::Done);
    }

    #[test]
    fn what_a_mixer_says_of_its_progress_is_kept_within_bounds() {
        let mut queue = Queue::new(1, 10);
        queue.add("a").unwrap();
        queue.poll_start().unwrap();
        for (said, shown) in [(0.4, 0.4), (7.0, 1.0), (-1.0, 0.0), (f64::NAN, 0.0)] {
            queue.handle_progress("a", said, Some(3));
            assert_eq!(queue.state("a").unwrap().progress, shown);
        }
        queue.handle_progress("nobody", 0.5, None);
        assert_eq!(queue.state("nobody"), None);
    }
}
