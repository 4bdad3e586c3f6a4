use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::Refusal;

/// Questions to the archive at a time. Each takes a thread that may wait for the disk,
/// of the few hundred that offers need, too: calls come first.
const ALL: usize = 32;

/// Of them, those of whoever has not shown yet that a link of theirs opens anything.
/// Operators find a place, however many try.
const STRANGERS: usize = 8;

/// How long a question waits for a place: longer than it takes to answer some on a disk
/// that works.
const PATIENCE: Duration = Duration::from_secs(2);

/// When somebody who found no place may ask again, in seconds.
const RETRY_AFTER_S: u64 = 2;

/// Where questions to the archive wait their turn.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// An operator, or somebody whose link was looked at.
    Known,
    /// Somebody whose link cannot be looked at before the answer is there.
    Stranger,
}

/// A place, kept until this is dropped.
pub(super) struct Place {
    _all: OwnedSemaphorePermit,
    _stranger: Option<OwnedSemaphorePermit>,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            strangers: Arc::new(Semaphore::new(STRANGERS)),
        }
    }
}

impl Places {
    /// Waits for a place, not for long.
    pub(super) async fn take(&self, asker: Asker) -> Result<Place, Refusal> {
        let (all, strangers) = (Arc::clone(&self.all), Arc::clone(&self.strangers));
        let take = async {
            let stranger = match asker {
                Asker::Known => None,
                Asker::Stranger => strangers.acquire_owned().await.ok(),
            };
            // The semaphores are never closed.
            let all = all.acquire_owned().await.ok()?;
            Some(Place {
                _all: all,
                _stranger: stranger,
            })
        };
        let taken = timeout(PATIENCE, take).await;
        taken.ok().flatten().ok_or_else(busy)
    }
}

fn busy() -> Refusal {
    Refusal {
        retry_after: Some(RETRY_AFTER_S),
        ..Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too much is asked about recordings at once; try again soon",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_in_time_is_told_to_come_back() {
        let places = Places::default();
        let mut taken = Vec::new();
        for _ in 0..ALL {
            taken.push(places.take(Asker::Known).await.ok().unwrap());
        }
        let refused = places.take(Asker::Known).await.err().unwrap();
        assert_eq!((refused.status.as_u16(), &*refused.code), (503, "busy"));
        assert_eq!(refused.retry_after, Some(RETRY_AFTER_S));
        taken.pop();
        assert!(places.take(Asker::Known).await.is_ok());
    }

    #[tokio::test]
    async fn strangers_leave_places_for_others() {
        let places = Places::default();
        let mut taken = Vec::new();
        for _ in 0..STRANGERS {
            taken.push(places.take(Asker::Stranger).await.ok().unwrap());
        }
        assert!(places.take(Asker::Stranger).await.is_err());
        for _ in STRANGERS..ALL {
            taken.push(places.take(Asker::Known).await.ok().unwrap());
        }
        assert!(places.take(Asker::Known).await.is_err());
    }
}
