//! Stands between the archive and its storage: counts, cuts, holds and lies.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::world::PATIENCE;

/// One request that came through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    /// With the query.
    pub path: String,
    /// Of the body, that came.
    pub bytes: usize,
    /// It was answered.
    pub answered: bool,
}

impl Seen {
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// The number of a part, from 1.
    pub fn part(&self) -> Option<u32> {
        self.query("partNumber")?.parse().ok()
    }
}

/// What is done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Pass,
    /// The connection breaks after so many bytes of the body.
    Cut(usize),
    /// Nothing goes on until the proxy is told otherwise.
    Hold,
    /// The answer is lost: it was carried out.
    Unanswered,
    /// The answer says another size.
    Lie(u64),
    /// The answer is this status, with a code.
    Answer(u16, &'static str),
}

type Rule = Box<dyn FnMut(&Seen) -> Deed + Send>;

struct Shared {
    to: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    seen: Vec<Seen>,
    rule: Rule,
    /// Requests that are held belong to a rule of before.
    version: u32,
}

pub struct Proxy {
    shared: Arc<Shared>,
    pub address: SocketAddr,
}

impl Proxy {
    pub fn start(to: SocketAddr, rule: impl FnMut(&Seen) -> Deed + Send + 'static) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), to, rule)
    }

    /// Listens there.
    pub fn start_at(
        at: SocketAddr,
        to: SocketAddr,
        rule: impl FnMut(&Seen) -> Deed + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(at).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            seen: Vec::new(),
            rule: Box::new(rule),
            version: 0,
        };
        let shared = Arc::new(Shared {
            to,
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&served);
                // A broken connection is what some tests are about.
                thread::spawn(move || serve(&shared, stream));
            }
        });
        Self { shared, address }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn rule(&self, rule: impl FnMut(&Seen) -> Deed + Send + 'static) {
        let mut state = lock(&self.shared);
        state.rule = Box::new(rule);
        state.version += 1;
        drop(state);
        self.shared.changed.notify_all();
    }

    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared).seen.clone()
    }

    /// Waits until a request has come that is so.
    pub fn wait(&self, mut is: impl FnMut(&Seen) -> bool) -> Seen {
        let state = lock(&self.shared);
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !state.seen.iter().any(&mut is));
        let (state, _) = waited.unwrap();
        let found = state.seen.iter().find(|seen| is(seen));
        found.cloned().expect("a request that does not come")
    }

    /// The parts that were answered, in order.
    pub fn parts(&self) -> Vec<u32> {
        let seen = self.seen();
        let answered = seen.iter().filter(|seen| seen.answered);
        answered.filter_map(Seen::part).collect()
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, State> {
    shared.state.lock().unwrap()
}

fn serve(shared: &Shared, mut stream: TcpStream) {
    // One request each: the answer says that the connection ends.
    let Some((seen, head, mut body, length)) = read_head(&mut stream) else {
        return;
    };
    let (deed, number, version) = {
        let mut state = lock(shared);
        let deed = (state.rule)(&seen);
        state.seen.push(seen.clone());
        (deed, state.seen.len() - 1, state.version)
    };
    shared.changed.notify_all();
    let upto = match deed {
        Deed::Cut(bytes) => bytes.min(length),
        _ => length,
    };
    let mut chunk = [0; 64 * 1024];
    while body.len() < upto {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return,
            Ok(read) => body.extend_from_slice(&chunk[..read]),
        }
        lock(shared).seen[number].bytes = body.len();
        if deed == Deed::Hold && body.len() > length / 2 {
            break;
        }
    }
    match deed {
        Deed::Cut(_) => {
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
        Deed::Hold => {
            let state = lock(shared);
            let held = |state: &mut State| state.version == version;
            drop(shared.changed.wait_timeout_while(state, PATIENCE, held));
            return;
        }
        Deed::Answer(status, code) => {
            let body = format!("<Error><Code>{code}</Code><Message>by a test</Message></Error>");
            let head = format!(
                "HTTP/1.1 {status} Test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            finish(shared, number, &mut stream, (head + &body).as_bytes());
            return;
        }
        Deed::Pass | Deed::Unanswered | Deed::Lie(_) => {}
    }
    let Some(answer) = pass_on(shared.to, &head, &body) else {
        return;
    };
    match deed {
        Deed::Unanswered => {
            let _ = stream.shutdown(Shutdown::Both);
        }
        Deed::Lie(bytes) => finish(shared, number, &mut stream, &lie(&answer, bytes)),
        _ => finish(shared, number, &mut stream, &answer),
    }
}

fn finish(shared: &Shared, number: usize, stream: &mut TcpStream, answer: &[u8]) {
    lock(shared).seen[number].answered = true;
    shared.changed.notify_all();
    let _ = stream.write_all(answer);
    let _ = stream.shutdown(Shutdown::Write);
}

/// The request's line and headers, and what came behind them.
fn read_head(stream: &mut TcpStream) -> Option<(Seen, String, Vec<u8>, usize)> {
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .ok()?;
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    let end = loop {
        if let Some(end) = all.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(read) => all.extend_from_slice(&chunk[..read]),
        }
    };
    let body = all.split_off(end + 4);
    let head = String::from_utf8(all).ok()?;
    let mut words = head.lines().next()?.split(' ');
    let seen = Seen {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        bytes: body.len(),
        answered: false,
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        let is = name.eq_ignore_ascii_case("content-length");
        is.then(|| value.parse().ok()).flatten()
    });
    Some((seen, head, body, length.unwrap_or(0)))
}

fn pass_on(to: SocketAddr, head: &str, body: &[u8]) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect(to).ok()?;
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(head.as_bytes()).ok()?;
    server.write_all(body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    Some(answer)
}

fn lie(answer: &[u8], bytes: u64) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let lines = text.split("\r\n").map(|line| match line.split_once(": ") {
        Some((name, _)) if name.eq_ignore_ascii_case("content-length") => {
            format!("{name}: {bytes}")
        }
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\r\n").into_bytes()
}
