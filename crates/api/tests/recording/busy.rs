//! Many who ask for recordings while somebody wants to talk.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::fs::OFlags;
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::time::timeout;
use veche_media::VideoCodec;

use crate::publisher::Publisher;
use crate::server::Server;

/// So few that those who ask could have them all.
const THREADS: usize = 40;

/// Longer than anything takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// More than there are threads.
const CROWD: usize = 64;

/// A picture that nobody has read until it is let go: a pipe without a writer.
struct Slow(PathBuf);

impl Slow {
    fn make(path: PathBuf) -> Self {
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        Self(path)
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let mut options = fs::OpenOptions::new();
        let writer = options.write(true).custom_flags(nonblocking).open(&self.0);
        // Whoever comes later finds nothing.
        let _ = fs::remove_file(&self.0);
        drop(writer);
    }
}

#[test]
fn a_crowd_that_asks_for_recordings_keeps_no_call_waiting() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(THREADS)
        .enable_all()
        .build()
        .unwrap();
    let slow = Arc::new(Mutex::new(None));
    runtime.block_on(async {
        let server = Server::start(|_, folder| {
            fs::create_dir(folder.join("records")).unwrap();
            let picture = folder.join("records/stream-m1-ann.jpg");
            *slow.lock().unwrap() = Some(Slow::make(picture));
        })
        .await;
        let server = Arc::new(server);
        let mut ann = server.member("ann").await;
        let mut live = Publisher::publish(&mut ann, "m1", "s", VideoCodec::Vp8, true).await;
        server.metric("veche_recordings", 1).await;
        live.send(1.5).await;
        live.end(&mut ann, "m1").await;
        let ready = server.recording("m1", "ready").await;
        let picture = ready["thumbnail"].as_str().unwrap().to_owned();

        let crowd: Vec<_> = (0..CROWD)
            .map(|_| {
                let (server, picture) = (Arc::clone(&server), picture.clone());
                tokio::spawn(async move { server.get(&picture, "").await.status })
            })
            .collect();
        // Its places are taken.
        let list = "/rest-api/recordings";
        let refused = async {
            loop {
                let answer = server.get(list, "").await;
                if answer.status != 200 {
                    return answer;
                }
            }
        };
        let refused = timeout(PATIENCE, refused).await.expect("an answer");
        let problem: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!((refused.status, &problem["code"]), (503, &"busy".into()));
        assert!(refused.head.contains("retry-after: 2"), "{}", refused.head);
        // Who only pretends to have a link takes none.
        let forged = "/client/records/stream-m1-ann.webm?expires=99999999999&signature=AAAA";
        assert_eq!(server.request("GET", forged, "", "").await.status, 403);
        // And the call goes on.
        let live = Publisher::publish(&mut ann, "m2", "t", VideoCodec::Vp8, false).await;
        assert_eq!(live.status["status"], "PUBLISHING");

        drop(slow.lock().unwrap().take());
        let mut answered = Vec::new();
        for one in crowd {
            answered.push(one.await.unwrap());
        }
        let busy = answered.iter().filter(|status| **status == 503).count();
        assert!((1..=CROWD - 32).contains(&busy), "{answered:?}");
        assert_eq!(server.get(list, "").await.status, 200);
    });
}
