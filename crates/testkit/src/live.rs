use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use str0m::RtcConfig;

use crate::{Client, ClientIdentity};

/// A [`Client`] on a UDP socket of its own.
pub struct Live {
    /// The endpoint.
    pub client: Client,
    socket: UdpSocket,
    buffer: Vec<u8>,
}

impl Live {
    /// Opens a socket on `ip`; gives the client and its offer.
    ///
    /// # Errors
    /// If no socket can be opened.
    pub fn open(
        identity: &ClientIdentity,
        ip: IpAddr,
        sends: bool,
        kinds: (bool, bool),
        configure: impl FnOnce(RtcConfig) -> RtcConfig,
    ) -> io::Result<(Self, String)> {
        let socket = UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let (client, offer) =
            Client::new(identity, address, sends, kinds, configure, Instant::now());
        let live = Self {
            client,
            socket,
            buffer: vec![0; 2_048],
        };
        Ok((live, offer))
    }

    /// The client's own address.
    ///
    /// # Errors
    /// If the socket is gone.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The socket, for polling it among many.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Receives and sends what is there, without waiting.
    pub fn step(&mut self) {
        let now = Instant::now();
        while let Ok((n, source)) = self.socket.recv_from(&mut self.buffer) {
            self.client.receive(now, source, &self.buffer[..n]);
            self.flush(now);
        }
        self.flush(now);
    }

    fn flush(&mut self, now: Instant) {
        for datagram in self.client.poll(now) {
            let _ = self
                .socket
                .send_to(&datagram.contents, datagram.destination);
        }
    }
}

/// Steps all clients until `done` says so.
///
/// # Errors
/// `what` was waited for, if `limit` passes first.
pub fn run_until(
    clients: &mut [&mut Live],
    limit: Duration,
    what: &str,
    mut done: impl FnMut(&mut [&mut Live]) -> bool,
) -> Result<(), String> {
    let deadline = Instant::now() + limit;
    loop {
        for live in clients.iter_mut() {
            live.step();
        }
        if done(clients) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("waited {limit:?} for: {what}"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
