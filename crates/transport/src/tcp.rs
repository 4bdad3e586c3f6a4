//! ICE-TCP: connections with RFC 4571 framing (a 16-bit length before each packet).

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;
use veche_media::TransportId;

/// Largest frame taken: RTP, RTCP, DTLS and STUN all stay below an MTU;
/// a stranger's length field must not make us wait for 64 KB.
const MAX_FRAME: usize = 4_096;
/// Unsent bytes of one connection: a second at 4 Mbps. What comes on top is
/// dropped, as a router's queue would.
const MAX_UNSENT: usize = 512 * 1024;
/// Bytes taken from one connection before others get their turn.
const MAX_READ: usize = 64 * 1024;

/// One connection.
pub(crate) struct Tcp {
    stream: TcpStream,
    pub remote: SocketAddr,
    pub local: SocketAddr,
    /// The transport it belongs to, once its STUN was valid.
    pub transport: Option<TransportId>,
    pub opened: Instant,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// Start of what is unsent in `outgoing`.
    sent: usize,
}

/// A connection that must be closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TcpEnd {
    #[error("closed by the peer")]
    Closed,
    #[error("a frame of {0} bytes")]
    FrameTooLong(usize),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Tcp {
    pub(crate) fn new(
        stream: TcpStream,
        remote: SocketAddr,
        local: SocketAddr,
        now: Instant,
    ) -> Self {
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            remote,
            local,
            transport: None,
            opened: now,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            sent: 0,
        }
    }

    /// A connection that another shard has begun to read.
    pub(crate) fn adopted(
        stream: TcpStream,
        remote: SocketAddr,
        local: SocketAddr,
        read: Vec<u8>,
        now: Instant,
    ) -> Self {
        Self {
            incoming: read,
            ..Self::new(stream, remote, local, now)
        }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Gives the connection away, with what was read of it.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.incoming)
    }

    /// Reads what is there. True: there may be more.
    pub(crate) fn fill(&mut self) -> Result<bool, TcpEnd> {
        let mut chunk = [0; 16 * 1024];
        let mut total = 0;
        while total < MAX_READ && self.incoming.len() < MAX_READ {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(TcpEnd::Closed),
                Ok(n) => {
                    self.incoming.extend_from_slice(&chunk[..n]);
                    total += n;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(true)
    }

    /// The first whole frame, left in place.
    pub(crate) fn peek(&self) -> Result<Option<&[u8]>, TcpEnd> {
        let [a, b, rest @ ..] = self.incoming.as_slice() else {
            return Ok(None);
        };
        let length = usize::from(u16::from_be_bytes([*a, *b]));
        if length > MAX_FRAME {
            return Err(TcpEnd::FrameTooLong(length));
        }
        Ok(rest.get(..length))
    }

    /// Takes every whole frame out.
    pub(crate) fn take_frames(&mut self) -> Result<Vec<Vec<u8>>, TcpEnd> {
        let mut frames = Vec::new();
        let mut at = 0;
        loop {
            let rest = &self.incoming[at..];
            let [a, b, body @ ..] = rest else { break };
            let length = usize::from(u16::from_be_bytes([*a, *b]));
            if length > MAX_FRAME {
                return Err(TcpEnd::FrameTooLong(length));
            }
            let Some(frame) = body.get(..length) else {
                break;
            };
            if !frame.is_empty() {
                frames.push(frame.to_vec());
            }
            at += 2 + length;
        }
        self.incoming.drain(..at);
        Ok(frames)
    }

    /// Queues a packet and sends what the socket takes. `Ok(false)`: dropped.
    pub(crate) fn send(&mut self, packet: &[u8]) -> Result<bool, TcpEnd> {
        let Ok(length) = u16::try_from(packet.len()) else {
            return Ok(false);
        };
        let fits = self.outgoing.len() - self.sent + 2 + packet.len() <= MAX_UNSENT;
        if fits {
            self.outgoing.extend_from_slice(&length.to_be_bytes());
            self.outgoing.extend_from_slice(packet);
        }
        self.flush()?;
        Ok(fits)
    }

    /// Sends what the socket takes.
    pub(crate) fn flush(&mut self) -> Result<(), TcpEnd> {
        while self.sent < self.outgoing.len() {
            match self.stream.write(&self.outgoing[self.sent..]) {
                Ok(0) => return Err(TcpEnd::Closed),
                Ok(n) => self.sent += n,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::NotConnected => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        if self.sent == self.outgoing.len() {
            self.outgoing.clear();
            self.sent = 0;
        } else if self.sent > MAX_UNSENT / 2 {
            self.outgoing.drain(..self.sent);
            self.sent = 0;
        }
        Ok(())
    }
}
