//! How shards and control threads reach a shard.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_queue::{ArrayQueue, SegQueue};
use mio::Waker;
use veche_media::TransportId;

use crate::Tap;
use crate::core::Request;
use crate::transport::Forward;

/// Packets and datagrams from other shards that wait for this one: 80 ms of
/// 100,000 packets a second. When it is full they are dropped and counted, as
/// a full socket buffer would drop them.
const PACKETS: usize = 8_192;

/// What is asked of a shard.
pub(crate) enum Command {
    /// Ends a transport at once.
    Close(TransportId),
    /// From another shard, or from control.
    Request(Request),
    /// Sets or takes away a publisher's tap.
    Tap(TransportId, Option<Tap>),
    /// A TCP connection whose first frame named a transport of this shard.
    Adopt {
        stream: mio::net::TcpStream,
        remote: SocketAddr,
        local: SocketAddr,
        /// Bytes read already, framing included.
        read: Vec<u8>,
    },
    /// Ends every transport, then the thread.
    Shutdown,
}

/// What another shard passes on.
pub(crate) enum Passed {
    /// A publisher's packet for this shard's players.
    Packet(Arc<Forward>),
    /// A datagram for a transport that lives here.
    Datagram {
        source: SocketAddr,
        local: IpAddr,
        contents: Vec<u8>,
    },
}

pub(crate) struct Inbox {
    /// Bounded by what can be asked: a few commands for each of at most
    /// `max_transports` transports and TCP connections.
    commands: SegQueue<Command>,
    passed: ArrayQueue<Passed>,
    waker: Waker,
    /// The shard will look before it sleeps.
    awake: AtomicBool,
}

impl Inbox {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            commands: SegQueue::new(),
            passed: ArrayQueue::new(PACKETS),
            waker,
            awake: AtomicBool::new(false),
        }
    }

    pub(crate) fn command(&self, command: Command) {
        self.commands.push(command);
        self.wake();
    }

    /// False: full, dropped.
    pub(crate) fn pass(&self, passed: Passed) -> bool {
        let fits = self.passed.push(passed).is_ok();
        self.wake();
        fits
    }

    fn wake(&self) {
        if !self.awake.swap(true, Ordering::AcqRel) {
            // An eventfd write fails only when the shard is gone.
            let _ = self.waker.wake();
        }
    }

    /// To be called by the shard before it empties the queues.
    pub(crate) fn begin(&self) {
        self.awake.store(false, Ordering::Release);
    }

    pub(crate) fn next_command(&self) -> Option<Command> {
        self.commands.pop()
    }

    pub(crate) fn next_passed(&self) -> Option<Passed> {
        self.passed.pop()
    }
}
