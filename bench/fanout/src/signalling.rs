use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

/// One WebSocket session without a room.
pub struct Session {
    socket: WebSocket<TcpStream>,
    login: String,
}

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

impl Session {
    /// Connects and says hello.
    pub fn open(port: u16, login: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let (socket, _) = tungstenite::client(format!("ws://127.0.0.1:{port}/"), stream)
            .map_err(|e| anyhow::anyhow!("WebSocket: {e}"))?;
        socket
            .get_ref()
            .set_read_timeout(Some(Duration::from_millis(50)))?;
        let mut session = Self {
            socket,
            login: login.to_owned(),
        };
        let hello = json!({
            "appKey": "defaultApp", "mediaProviders": ["WebRTC"], "clientVersion": "2.0",
            "custom": { "login": login },
        });
        session.send("connection", &hello)?;
        session.wait("getUserData", |_| Some(()))?;
        Ok(session)
    }

    /// Offers a stream; gives the answer.
    pub fn offer(
        &mut self,
        id: &str,
        name: &str,
        publish: bool,
        sdp: &str,
    ) -> anyhow::Result<String> {
        self.negotiate(id, name, publish, sdp, false)
    }

    /// Offers a stream to publish, and perhaps to record; gives the answer.
    pub fn publish(
        &mut self,
        id: &str,
        name: &str,
        sdp: &str,
        record: bool,
    ) -> anyhow::Result<String> {
        self.negotiate(id, name, true, sdp, record)
    }

    fn negotiate(
        &mut self,
        id: &str,
        name: &str,
        publish: bool,
        sdp: &str,
        record: bool,
    ) -> anyhow::Result<String> {
        let message = if publish {
            "publishStream"
        } else {
            "playStream"
        };
        let request = json!({
            "mediaSessionId": id, "name": name, "published": publish, "hasVideo": true,
            "hasAudio": false, "status": "PENDING", "record": record,
            "mediaProvider": "WebRTC", "sdp": sdp, "custom": {},
        });
        self.send(message, &request)?;
        self.wait("setRemoteSDP", |data| {
            (data[0] == id).then(|| data[1].as_str().map(str::to_owned))?
        })
    }

    /// Waits until a stream has a status.
    pub fn status(&mut self, id: &str, status: &str) -> anyhow::Result<()> {
        self.wait("notifyStreamStatusEvent", |data| {
            (data[0]["mediaSessionId"] == id && data[0]["status"] == status).then_some(())
        })
    }

    fn send(&mut self, message: &str, data: &Value) -> anyhow::Result<()> {
        let text = json!({ "message": message, "data": [data] }).to_string();
        self.socket
            .send(Message::text(text))
            .with_context(|| format!("{}: sending {message}", self.login))
    }

    fn wait<T>(&mut self, wanted: &str, pick: impl Fn(&Value) -> Option<T>) -> anyhow::Result<T> {
        let deadline = Instant::now() + TIMEOUT;
        while Instant::now() < deadline {
            let Some(text) = self.read()? else { continue };
            let frame: Value = serde_json::from_str(&text)?;
            let data = &frame["data"];
            if frame["message"] == wanted
                && let Some(found) = pick(data)
            {
                return Ok(found);
            }
            let failed = frame["message"] == "fail" || data[0]["status"] == "FAILED";
            if failed {
                bail!("{}: {text}", self.login);
            }
        }
        bail!("{}: no {wanted} in {TIMEOUT:?}", self.login)
    }

    /// Answers pings; to be called now and then.
    pub fn idle(&mut self) -> anyhow::Result<()> {
        self.socket
            .get_ref()
            .set_read_timeout(Some(Duration::from_micros(1)))?;
        while self.read()?.is_some() {}
        Ok(())
    }

    fn read(&mut self) -> anyhow::Result<Option<String>> {
        match self.socket.read() {
            Ok(Message::Text(text)) => {
                if text.contains("\"ping\"") {
                    let pong = json!({ "message": "pong", "data": [null] }).to_string();
                    self.socket.send(Message::text(pong))?;
                }
                Ok(Some(text.to_string()))
            }
            Ok(_) => Ok(None),
            Err(tungstenite::Error::Io(e))
                if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                Ok(None)
            }
            Err(e) => bail!("{}: {e}", self.login),
        }
    }
}
