//! Which transports exist and where they live. Consulted by control calls and
//! for datagrams from unknown addresses; never for forwarding.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use veche_media::sdp::ChosenCodec;
use veche_media::{AudioCodec, TransportId, VideoCodec};

use crate::transport::Transport;

/// What a published transport sends.
#[derive(Debug)]
pub(crate) struct Source {
    pub audio: Option<ChosenCodec<AudioCodec>>,
    pub video: Option<ChosenCodec<VideoCodec>>,
}

/// Where a transport lives.
pub(crate) enum Place {
    /// Answered, but no valid STUN came yet.
    Unclaimed {
        transport: Box<Transport>,
        since: Instant,
    },
    /// On the shard with this index.
    On(usize),
}

struct Entry {
    ufrag: String,
    place: Place,
    source: Option<Arc<Source>>,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<TransportId, Entry>,
    by_ufrag: HashMap<String, TransportId>,
}

/// The table of transports.
#[derive(Default)]
pub(crate) struct Registry {
    inner: Mutex<Inner>,
}

/// Answer to a STUN request from an unknown address.
pub(crate) enum Claim {
    /// Nobody's, or its integrity does not hold.
    Nobody,
    /// It is the asking shard's own transport already.
    Mine(TransportId),
    /// It lives on another shard.
    Other(usize),
    /// It is the asking shard's from now on.
    Claimed(Box<Transport>),
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The table is whole at every unlock, also when the holder panics.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a transport that waits for its first STUN. `Err` gives it back when
    /// `limit` transports exist.
    pub(crate) fn insert(
        &self,
        transport: Box<Transport>,
        ufrag: String,
        source: Option<Arc<Source>>,
        limit: usize,
        now: Instant,
    ) -> Result<(), Box<Transport>> {
        let mut inner = self.lock();
        if inner.entries.len() >= limit {
            return Err(transport);
        }
        let id = transport.id;
        inner.by_ufrag.insert(ufrag.clone(), id);
        let place = Place::Unclaimed {
            transport,
            since: now,
        };
        inner.entries.insert(
            id,
            Entry {
                ufrag,
                place,
                source,
            },
        );
        Ok(())
    }

    /// Asks whose STUN request this is; `valid` checks its integrity against a
    /// transport that nobody has claimed.
    pub(crate) fn claim(
        &self,
        ufrag: &str,
        shard: usize,
        valid: impl FnOnce(&Transport) -> bool,
    ) -> Claim {
        let mut inner = self.lock();
        let Some(id) = inner.by_ufrag.get(ufrag).copied() else {
            return Claim::Nobody;
        };
        let Some(entry) = inner.entries.get_mut(&id) else {
            return Claim::Nobody;
        };
        match &entry.place {
            Place::On(owner) if *owner == shard => return Claim::Mine(id),
            Place::On(owner) => return Claim::Other(*owner),
            Place::Unclaimed { transport, .. } if !valid(transport) => return Claim::Nobody,
            Place::Unclaimed { .. } => {}
        }
        match std::mem::replace(&mut entry.place, Place::On(shard)) {
            Place::Unclaimed { transport, .. } => Claim::Claimed(transport),
            Place::On(_) => Claim::Nobody,
        }
    }

    /// What a transport publishes, if it is connected to a shard.
    pub(crate) fn source(&self, id: TransportId) -> Option<(Arc<Source>, usize)> {
        let inner = self.lock();
        let entry = inner.entries.get(&id)?;
        match (&entry.source, &entry.place) {
            (Some(source), Place::On(shard)) => Some((source.clone(), *shard)),
            _ => None,
        }
    }

    pub(crate) fn remove(&self, id: TransportId) -> Option<Place> {
        let mut inner = self.lock();
        let entry = inner.entries.remove(&id)?;
        inner.by_ufrag.remove(&entry.ufrag);
        Some(entry.place)
    }

    /// Removes and names those that wait since before `deadline`.
    pub(crate) fn expire(&self, deadline: Instant) -> Vec<TransportId> {
        let mut inner = self.lock();
        let expired: Vec<TransportId> = inner
            .entries
            .iter()
            .filter(
                |(_, e)| matches!(&e.place, Place::Unclaimed { since, .. } if *since < deadline),
            )
            .map(|(id, _)| *id)
            .collect();
        for id in &expired {
            if let Some(entry) = inner.entries.remove(id) {
                inner.by_ufrag.remove(&entry.ufrag);
            }
        }
        expired
    }

    /// Puts a claimed transport where the simulation wants it.
    #[cfg(test)]
    pub(crate) fn place(&self, id: TransportId, shard: usize) {
        if let Some(entry) = self.lock().entries.get_mut(&id) {
            entry.place = Place::On(shard);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().entries.len()
    }
}
