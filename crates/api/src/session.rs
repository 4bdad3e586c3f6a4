//! One WebSocket: frames in, frames out, and an end.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tracing::{debug, info};
use veche_room::{CloseReason, SessionId};
use veche_signal::{ClientMessage, DecodeError, ErrorCode, Limits, ReplyTo, decode};

use crate::hub::FromSession;
use crate::link::{Inbox, link};
use crate::{Metrics, Socket, translate};

/// Frames in a minute that cannot be read, before a client is cut off: it
/// will not learn.
const MAX_BAD_FRAMES: u32 = 100;

/// Signs of life that say nothing else reach the hub at most this often, so
/// that a storm of pings costs its own connection only. Far below every
/// interval that the rules measure.
const SIGN_EVERY: Duration = Duration::from_millis(100);

/// What every session needs.
pub(crate) struct Context {
    pub(crate) socket: Socket,
    pub(crate) hub: mpsc::Sender<FromSession>,
    pub(crate) metrics: Arc<Metrics>,
}

/// Why a session ends.
enum End {
    /// The client closed, or is gone.
    Client,
    /// The hub wants it.
    Hub(CloseReason),
    /// A frame took too long to leave.
    Slow,
    /// Too much of what cannot be read.
    Bad(ErrorCode),
}

/// What a session received.
#[derive(Default)]
struct Tally {
    /// Text and binary frames.
    received: u64,
    /// Of these, those that cannot be read.
    refused: u64,
    /// The same within the current minute.
    refused_lately: u32,
    minute: Option<Instant>,
    signed: Option<Instant>,
}

impl Tally {
    /// Counts a frame that cannot be read; false when it is one too many.
    fn refuse(&mut self) -> bool {
        self.refused += 1;
        let minute = *self.minute.get_or_insert_with(Instant::now);
        if minute.elapsed() > Duration::from_secs(60) {
            self.minute = None;
            self.refused_lately = 0;
        }
        self.refused_lately += 1;
        self.refused_lately <= MAX_BAD_FRAMES
    }

    /// What the hub is to hear of a frame that asks nothing of it.
    fn sign_of_life(&mut self, session: SessionId) -> Option<FromSession> {
        if self.signed.is_some_and(|at| at.elapsed() < SIGN_EVERY) {
            return None;
        }
        self.signed = Some(Instant::now());
        Some(FromSession::FrameSeen(session))
    }
}

impl End {
    /// Without a reason the hub itself has ended.
    fn of(reason: Result<CloseReason, oneshot::error::RecvError>) -> Self {
        reason.map_or(Self::Client, Self::Hub)
    }
}

/// Serves one WebSocket until its end.
pub(crate) async fn serve(mut ws: WebSocket, session: SessionId, context: &Context) {
    let socket = &context.socket;
    let (link, mut inbox) = link(socket.outgoing_frames, socket.outgoing_bytes);
    let opened = FromSession::Opened(session, link);
    if context.hub.send(opened).await.is_err() {
        return;
    }
    Metrics::count(&context.metrics.sessions_opened);
    let mut tally = Tally::default();
    let end = run(&mut ws, session, &mut inbox, context, &mut tally).await;
    log_end(session, &end, &tally);
    // The names are free before the goodbye is said, which may take a while.
    let _ = context.hub.send(FromSession::Closed(session)).await;
    let goodbye = say_goodbye(&mut ws, &mut inbox, end, socket);
    if timeout(socket.close_timeout, goodbye).await.is_err() {
        debug!(%session, "closing handshake timed out");
    }
}

async fn run(
    ws: &mut WebSocket,
    session: SessionId,
    inbox: &mut Inbox,
    context: &Context,
    tally: &mut Tally,
) -> End {
    // What waits for the hub. While it waits no further frame is read.
    let mut waiting: Option<FromSession> = None;
    loop {
        tokio::select! {
            reason = &mut inbox.closed => return End::of(reason),
            frame = inbox.frames.next() => {
                // The hub lets go of both ends at once, but says why only here.
                let Some(frame) = frame else {
                    return End::of((&mut inbox.closed).await);
                };
                if let Err(end) = write(ws, inbox, frame, context).await {
                    return end;
                }
            }
            permit = context.hub.reserve(), if waiting.is_some() => {
                let Ok(permit) = permit else { return End::Client };
                if let Some(input) = waiting.take() {
                    permit.send(input);
                }
            }
            received = ws.recv(), if waiting.is_none() => {
                let text = match received {
                    Some(Ok(Message::Text(text))) => Ok(text),
                    Some(Ok(Message::Binary(_))) => Err(refusal(ErrorCode::BadJson, "frame is binary")),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                        waiting = tally.sign_of_life(session);
                        continue;
                    }
                    Some(Ok(Message::Close(_))) | None => return End::Client,
                    Some(Err(error)) => {
                        debug!(%session, %error, "connection broke");
                        if !is_too_large(&error) {
                            return End::Client;
                        }
                        let error = refusal(ErrorCode::TooLarge, "frame is too long");
                        context.metrics.error(error.code.as_str());
                        let _ = write(ws, inbox, translate::bad_frame(error), context).await;
                        return End::Bad(ErrorCode::TooLarge);
                    }
                };
                Metrics::count(&context.metrics.messages_in);
                tally.received += 1;
                let limits = Limits {
                    max_bytes: context.socket.max_message_bytes,
                    max_depth: context.socket.max_depth,
                };
                let message = text.and_then(|text| decode(&text, &limits));
                let reply = match message {
                    Ok(ClientMessage::Ping) => {
                        waiting = tally.sign_of_life(session);
                        translate::pong()
                    }
                    Ok(ClientMessage::Connection(connection)) => {
                        waiting = Some(FromSession::Connect(session, connection));
                        continue;
                    }
                    Ok(message) => {
                        waiting = match translate::command(message) {
                            Some(command) => {
                                Some(FromSession::Command(session, Box::new(command)))
                            }
                            None => tally.sign_of_life(session),
                        };
                        continue;
                    }
                    Err(error) => {
                        waiting = tally.sign_of_life(session);
                        context.metrics.error(error.code.as_str());
                        debug!(%session, %error, "frame refused");
                        if !tally.refuse() {
                            return End::Bad(error.code);
                        }
                        if error.reply_to == ReplyTo::Connection {
                            // The client would wait for a session that never comes.
                            let code = error.code;
                            let _ = write(ws, inbox, translate::bad_frame(error), context).await;
                            return End::Bad(code);
                        }
                        translate::bad_frame(error)
                    }
                };
                if let Err(end) = write(ws, inbox, reply, context).await {
                    return end;
                }
            }
        }
    }
}

/// Writes one frame, unless it takes too long or the hub wants an end.
async fn write(
    ws: &mut WebSocket,
    inbox: &mut Inbox,
    frame: Utf8Bytes,
    context: &Context,
) -> Result<(), End> {
    Metrics::count(&context.metrics.messages_out);
    tokio::select! {
        // The last words before an end are said where the socket takes them.
        biased;
        sent = timeout(context.socket.write_timeout, ws.send(Message::Text(frame))) => match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Client),
            Err(_) => {
                Metrics::count(&context.metrics.slow_sessions);
                Err(End::Slow)
            }
        },
        reason = &mut inbox.closed => Err(End::of(reason)),
    }
}

async fn say_goodbye(ws: &mut WebSocket, inbox: &mut Inbox, end: End, socket: &Socket) {
    let said = match end {
        // It closed first; only its close is to be confirmed.
        End::Client => Ok(()),
        end => say_why(ws, inbox, end, socket).await,
    };
    if said.is_ok() {
        // The client's half of the closing handshake.
        while let Some(Ok(_)) = ws.recv().await {}
    }
}

async fn say_why(
    ws: &mut WebSocket,
    inbox: &mut Inbox,
    end: End,
    socket: &Socket,
) -> Result<(), axum::Error> {
    let reason = match end {
        End::Hub(reason) => Some(reason),
        End::Slow => Some(CloseReason::Slow),
        End::Client | End::Bad(_) => None,
    };
    // What was said before the end is still said, but not to those who do
    // not read it.
    while reason != Some(CloseReason::Slow)
        && let Some(frame) = inbox.frames.try_next()
    {
        ws.send(Message::Text(frame)).await?;
    }
    let retry_after = millis(socket.retry_after);
    if let Some(frame) = reason.and_then(|reason| translate::going_away(reason, retry_after)) {
        ws.send(Message::Text(frame)).await?;
    }
    let close = CloseFrame {
        code: close_code_of(&end),
        reason: Utf8Bytes::default(),
    };
    ws.send(Message::Close(Some(close))).await
}

fn close_code_of(end: &End) -> u16 {
    match end {
        End::Client => close_code::NORMAL,
        End::Hub(CloseReason::Shutdown) => close_code::RESTART,
        End::Hub(CloseReason::Fault) => close_code::ERROR,
        End::Hub(_) | End::Slow => close_code::POLICY,
        End::Bad(ErrorCode::TooLarge) => close_code::SIZE,
        End::Bad(_) => close_code::POLICY,
    }
}

fn log_end(session: SessionId, end: &End, tally: &Tally) {
    let reason = match end {
        End::Client => "client",
        End::Hub(CloseReason::Shutdown) => "shutdown",
        End::Hub(CloseReason::Replaced) => "replaced",
        End::Hub(CloseReason::Idle) => "idle",
        End::Hub(CloseReason::Silent) => "silent",
        End::Hub(CloseReason::Denied) => "denied",
        End::Hub(CloseReason::Flood) => "flood",
        End::Hub(CloseReason::Fault) => "error",
        End::Hub(CloseReason::Slow) | End::Slow => "slow",
        End::Bad(code) => code.as_str(),
    };
    let Tally {
        received, refused, ..
    } = tally;
    info!(%session, reason, received, refused, "session closed");
}

fn refusal(code: ErrorCode, problem: &str) -> DecodeError {
    DecodeError {
        code,
        problem: problem.to_owned(),
        reply_to: ReplyTo::Nothing,
    }
}

/// axum does not tell kinds of errors apart, but their text is that of
/// tungstenite's `CapacityError`.
fn is_too_large(error: &axum::Error) -> bool {
    let text = error.to_string();
    text.contains("too long") || text.contains("too big") || text.contains("too large")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
