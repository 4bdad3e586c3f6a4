//! Somebody who plays a stream, and notes when something comes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use veche_testkit::{ClientIdentity, Live, run_until};

use crate::support::{Client, stream};

const LIMIT: Duration = Duration::from_secs(20);

pub struct Player {
    /// When packets came, and whether of pictures.
    came: Arc<Mutex<Vec<(Instant, bool)>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Player {
    pub async fn play(client: &mut Client, id: &str, room: &str, name: &str) -> Self {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let identity = ClientIdentity::generate();
        let (mut live, offer) = Live::open(&identity, ip, false, (true, true), |c| c).unwrap();
        let request = stream(id, name, room, &offer, false);
        client.send("playStream", request).await;
        let answer = client.remote_sdp().await;
        live.client.accept(&answer).unwrap();
        tokio::task::block_in_place(|| {
            run_until(&mut [&mut live], LIMIT, "connected", |all| {
                all[0].client.is_connected()
            })
        })
        .unwrap();
        let came: Arc<Mutex<Vec<_>>> = Arc::default();
        let ended = Arc::new(AtomicBool::new(false));
        let thread = {
            let (came, ended) = (Arc::clone(&came), Arc::clone(&ended));
            std::thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    live.step();
                    let received = live.client.take_received();
                    let received = received.iter().map(|packet| (packet.at, packet.video));
                    came.lock().unwrap().extend(received);
                    std::thread::sleep(Duration::from_millis(1));
                }
            })
        };
        Self {
            came,
            ended,
            thread: Some(thread),
        }
    }

    /// How many packets came between, and for how long none did at most.
    pub fn heard(&self, video: bool, from: Instant, until: Instant) -> (usize, Duration) {
        let came = self.came.lock().unwrap();
        let of_kind = came.iter().filter(|(_, of)| *of == video);
        let between = of_kind
            .map(|(at, _)| *at)
            .filter(|at| (from..until).contains(at));
        let (mut last, mut count, mut longest) = (from, 0, Duration::ZERO);
        for at in between {
            longest = longest.max(at.saturating_duration_since(last));
            (last, count) = (at, count + 1);
        }
        (count, longest.max(until.saturating_duration_since(last)))
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
