//! UDP sockets of a shard: batches in, segmented sends out.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Socket, Type};

/// Kernel buffers: 30 ms of a gigabit. The system may grant less.
const SOCKET_BUFFER: usize = 4 * 1024 * 1024;
/// Room for one coalesced receive (GRO).
const RECEIVE_BUFFER: usize = 65_535;
/// Bytes in one segmented send; the kernel takes less than 64 KiB.
const MAX_SEND: usize = 60_000;

pub(crate) struct Udp {
    pub(crate) socket: mio::net::UdpSocket,
    state: UdpSocketState,
    pub(crate) local: SocketAddr,
    outgoing: Vec<u8>,
}

/// What a send did.
#[derive(Default)]
pub(crate) struct Sent {
    pub packets: usize,
    pub bytes: usize,
    pub dropped: usize,
}

/// Opens a UDP socket that shares its port with the other shards.
pub(crate) fn bind(address: SocketAddr) -> io::Result<Udp> {
    let socket = open(address, true)?;
    let local = socket
        .local_addr()?
        .as_socket()
        .ok_or_else(|| io::Error::other("not an internet socket"))?;
    let socket: std::net::UdpSocket = socket.into();
    let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
    let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), SOCKET_BUFFER);
    let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), SOCKET_BUFFER);
    Ok(Udp {
        socket: mio::net::UdpSocket::from_std(socket),
        state,
        local,
        outgoing: Vec::with_capacity(MAX_SEND),
    })
}

/// Tells whether another process has the port: sockets that share a port would
/// silently share the datagrams too. Gives the port, chosen if it was 0.
pub(crate) fn probe(address: SocketAddr) -> io::Result<u16> {
    let socket = open(address, false)?;
    let local = socket.local_addr()?.as_socket();
    Ok(local.map_or(address.port(), |a| a.port()))
}

fn open(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Buffers for one receive call, shared by a shard's sockets.
pub(crate) struct Buffers {
    space: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
}

impl Buffers {
    pub(crate) fn new() -> Self {
        Self {
            space: vec![0; RECEIVE_BUFFER * BATCH_SIZE],
            meta: [RecvMeta::default(); BATCH_SIZE],
        }
    }
}

impl Udp {
    /// Receives one batch. False: nothing was there.
    pub(crate) fn receive(
        &self,
        buffers: &mut Buffers,
        mut take: impl FnMut(SocketAddr, IpAddr, &[u8]),
    ) -> io::Result<bool> {
        let mut chunks = buffers.space.chunks_mut(RECEIVE_BUFFER);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let received = self.state.recv(
            UdpSockRef::from(&self.socket),
            &mut slices,
            &mut buffers.meta,
        );
        let count = match received {
            Ok(count) => count,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // An earlier send to a closed port comes back here (ICMP).
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => return Ok(true),
            Err(e) => return Err(e),
        };
        for (meta, chunk) in buffers
            .meta
            .iter()
            .zip(buffers.space.chunks(RECEIVE_BUFFER))
            .take(count)
        {
            let local = meta.dst_ip.map_or(self.local.ip(), canonical);
            let source = SocketAddr::new(canonical(meta.addr.ip()), meta.addr.port());
            let stride = meta.stride.max(1);
            for datagram in chunk[..meta.len].chunks(stride) {
                take(source, local, datagram);
            }
        }
        Ok(true)
    }

    /// Sends datagrams to one destination; runs of equal length go out in one
    /// call (`UDP_SEGMENT`).
    pub(crate) fn send(
        &mut self,
        destination: SocketAddr,
        from: IpAddr,
        datagrams: &[Vec<u8>],
    ) -> Sent {
        let mut sent = Sent::default();
        let limit = self.state.max_gso_segments();
        let mut rest = datagrams;
        while let Some(first) = rest.first() {
            let size = first.len();
            let mut run = rest
                .iter()
                .take(limit.min(MAX_SEND / size.max(1)).max(1))
                .take_while(|d| d.len() == size)
                .count();
            // The last segment may be shorter.
            if run < limit
                && rest.get(run).is_some_and(|d| d.len() < size)
                && (run + 1) * size < MAX_SEND
            {
                run += 1;
            }
            let (now, later) = rest.split_at(run);
            rest = later;
            self.outgoing.clear();
            for datagram in now {
                self.outgoing.extend_from_slice(datagram);
            }
            let transmit = Transmit {
                destination,
                ecn: None,
                contents: &self.outgoing,
                segment_size: (now.len() > 1).then_some(size),
                src_ip: (!from.is_unspecified()).then_some(from),
            };
            match self
                .state
                .try_send(UdpSockRef::from(&self.socket), &transmit)
            {
                Ok(()) => {
                    sent.packets += now.len();
                    sent.bytes += self.outgoing.len();
                }
                // Full, or the peer's port is closed: a network would lose it too.
                Err(_) => sent.dropped += now.len(),
            }
        }
        sent
    }
}

/// An IPv4 address that came through an IPv6 socket, as IPv4.
fn canonical(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}
