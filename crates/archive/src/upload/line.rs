//! One HTTP exchange with the storage: its pace, how much of it has left, when
//! it is taken for broken, and whom it trusts.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::Method;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use tokio::time::{Instant, Sleep, sleep_until};

use super::fault::{MAX_BODY, Refusal};
use crate::archive::lock;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an unused connection is kept. Storages close theirs after about as
/// long, and what is sent into a closed one fails.
const IDLE: Duration = Duration::from_secs(20);

/// How soon it is noticed that nobody is there any more.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Everything that is asked of the storage goes through it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    client: reqwest::Client,
    stall: Duration,
    pace: Option<Arc<Pace>>,
    meter: Arc<Meter>,
}

/// How much of a request has left.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    sent: AtomicU64,
    /// Since it was made, in milliseconds: when something moved last.
    moved_ms: AtomicU64,
    since: OnceLock<Instant>,
}

/// So many bytes a second, of all that share it.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes_per_second: f64,
    free: Mutex<Option<Instant>>,
}

impl Line {
    pub(crate) fn new(stall: Duration, max_bps: Option<u64>) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(trust()?)
            .user_agent(concat!("veche/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .tcp_keepalive(KEEP_ALIVE)
            // Another place would get what is meant for this one.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        let pace = max_bps.map(|bps| Arc::new(Pace::new(bps)));
        Ok(Self {
            client,
            stall,
            pace,
            meter: Arc::default(),
        })
    }

    /// The same, counted by another meter.
    pub(crate) fn metered(&self, meter: Arc<Meter>) -> Self {
        Self {
            meter,
            ..self.clone()
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string().parse();
        let url = url.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))?;
        let streamed = parts.method == Method::GET;
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        if body.content_length() > 0 {
            *request.body_mut() = Some(reqwest::Body::wrap(Metered {
                body,
                meter: Arc::clone(&self.meter),
                pace: self.pace.clone(),
                wait: None,
            }));
        }
        let response = self.client.execute(request).await.map_err(of_reqwest)?;
        let response: http::Response<reqwest::Body> = response.into();
        let (parts, body) = response.into_parts();
        let body = body.map_err(of_reqwest);
        if streamed && parts.status.is_success() {
            return Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)));
        }
        let body = collect(body, &self.meter).await?;
        if !parts.status.is_success() {
            let refusal = Refusal::read(parts.status.as_u16(), &body);
            return Err(HttpError::new(HttpErrorKind::Unknown, refusal));
        }
        let body = Full::new(body).map_err(|never| match never {});
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(body)))
    }
}

#[async_trait::async_trait]
impl HttpService for Line {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.meter.begin();
        let exchange = self.exchange(request);
        tokio::pin!(exchange);
        loop {
            let until = self.meter.moved() + self.stall;
            tokio::select! {
                ended = &mut exchange => return ended,
                () = sleep_until(until) => {}
            }
            if self.meter.moved() + self.stall <= Instant::now() {
                let why = format!("nothing moved for {} s", self.stall.as_secs_f32());
                let error = std::io::Error::new(std::io::ErrorKind::TimedOut, why);
                return Err(HttpError::new(HttpErrorKind::Timeout, error));
            }
        }
    }
}

impl HttpConnector for Line {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// An answer as a whole; those of S3 are small.
async fn collect<B>(body: B, meter: &Meter) -> Result<Bytes, HttpError>
where
    B: Body<Data = Bytes, Error = HttpError> + Unpin,
{
    let mut all = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        meter.touch();
        if all.len() + chunk.len() > MAX_BODY {
            let error = std::io::Error::other("a longer answer than S3 has");
            return Err(HttpError::new(HttpErrorKind::Decode, error));
        }
        all.extend_from_slice(&chunk);
    }
    Ok(all.into())
}

/// Without the address, which may be signed.
fn of_reqwest(error: reqwest::Error) -> HttpError {
    let kind = if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_timeout() {
        HttpErrorKind::Timeout
    } else {
        HttpErrorKind::Interrupted
    };
    HttpError::new(kind, error.without_url())
}

/// The authorities of this machine, or where it has none, those of Mozilla.
fn trust() -> Result<rustls::ClientConfig, String> {
    let mut roots = rustls::RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (taken, _) = roots.add_parsable_certificates(native.certs);
    if taken == 0 {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl Meter {
    /// How much of the request that goes out has left.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// What was sent before is counted elsewhere, or is sent again.
    pub(crate) fn begin(&self) {
        self.sent.store(0, Ordering::Relaxed);
        self.touch();
    }

    fn add(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        self.touch();
    }

    fn since(&self) -> Instant {
        *self.since.get_or_init(Instant::now)
    }

    fn touch(&self) {
        let ms = crate::archive::millis(self.since().elapsed());
        self.moved_ms.store(ms, Ordering::Relaxed);
    }

    fn moved(&self) -> Instant {
        self.since() + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }
}

impl Pace {
    fn new(bits_per_second: u64) -> Self {
        Self {
            bytes_per_second: bits_per_second.max(8) as f64 / 8.0,
            free: Mutex::new(None),
        }
    }

    /// When so many bytes may leave.
    fn reserve(&self, now: Instant, bytes: usize) -> Instant {
        let mut free = lock(&self.free);
        let at = free.map_or(now, |free| free.max(now));
        *free = Some(at + Duration::from_secs_f64(bytes as f64 / self.bytes_per_second));
        at
    }
}

/// A request's body on its way out.
struct Metered {
    body: HttpRequestBody,
    meter: Arc<Meter>,
    pace: Option<Arc<Pace>>,
    /// The next piece, and when it may leave.
    wait: Option<(Pin<Box<Sleep>>, Frame<Bytes>)>,
}

impl Body for Metered {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if self.wait.is_none() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            let Some(pace) = &self.pace else {
                self.meter.add(bytes);
                return Poll::Ready(Some(Ok(frame)));
            };
            let at = pace.reserve(Instant::now(), bytes);
            self.wait = Some((Box::pin(sleep_until(at)), frame));
        }
        if let Some((sleep, _)) = &mut self.wait {
            ready!(sleep.as_mut().poll(context));
        }
        let frame = self.wait.take().map(|(_, frame)| frame);
        let bytes = frame
            .as_ref()
            .and_then(Frame::data_ref)
            .map_or(0, Bytes::len);
        self.meter.add(bytes);
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.wait.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Asked before anything is taken out.
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_keeps_to_the_pace_and_an_idle_line_saves_nothing_up() {
        let pace = Pace::new(8_000);
        let start = Instant::now();
        assert_eq!(pace.reserve(start, 500), start);
        assert_eq!(pace.reserve(start, 500), start + Duration::from_millis(500));
        let later = start + Duration::from_secs(60);
        assert_eq!(pace.reserve(later, 2_000), later);
        assert_eq!(pace.reserve(later, 1), later + Duration::from_secs(2));
    }

    #[tokio::test]
    async fn a_body_is_counted_as_it_leaves() {
        let chunks = [vec![0; 1_000], vec![0; 1_000], vec![0; 500]];
        let payload: object_store::PutPayload = chunks.into_iter().map(Bytes::from).collect();
        let meter = Arc::new(Meter::default());
        let mut body = Metered {
            body: payload.into(),
            meter: Arc::clone(&meter),
            pace: Some(Arc::new(Pace::new(400_000))),
            wait: None,
        };
        assert_eq!(body.size_hint().exact(), Some(2_500));
        let start = Instant::now();
        let mut sent = Vec::new();
        while let Some(frame) = body.frame().await {
            assert!(frame.unwrap().is_data());
            sent.push(meter.sent());
        }
        assert_eq!(sent, [1_000, 2_000, 2_500]);
        assert!(start.elapsed() >= Duration::from_millis(40));
        assert!(body.is_end_stream());
    }
}
