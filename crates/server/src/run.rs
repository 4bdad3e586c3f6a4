use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use tokio::task::JoinSet;
use tokio::time::timeout;
use veche_api::Api;
use veche_codec::Codecs;
use veche_transport::{Engine, StartError};

use crate::admin_token::AdminToken;
use crate::crowd::Crowd;
use crate::data_dir::DataDir;
use crate::thumbnails::Thumbnails;
use crate::tls::Files;
use crate::{Config, Ports, Shutdown, assets, listen, tls};

/// How long a new connection may take to send a whole request. Bounds what
/// somebody holds who connects and says nothing.
const FIRST_REQUEST: Duration = Duration::from_secs(15);

/// How long the head of a request may take, and a kept-alive connection be idle.
const REQUEST_HEAD: Duration = Duration::from_secs(60);

/// How long a TLS handshake may take.
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// A server that has opened its ports.
pub struct Running {
    /// What it was started with.
    pub config: Config,
    /// The ports that are open.
    pub ports: Ports,
    /// Where clients send media.
    pub media_addresses: Vec<SocketAddr>,
    /// The certificate of the TLS port, unless that is off.
    pub certificate: Option<Files>,
    /// What operators present to the REST API.
    pub admin_token: AdminToken,
    api: Api,
    handle: Handle<SocketAddr>,
    listeners: JoinSet<io::Result<()>>,
    /// The last to go.
    _data_dir: DataDir,
}

/// Runs the server until `shutdown`. `opened` is called once, when all ports are open.
///
/// # Errors
/// If it cannot start. Once it runs, nothing ends it but `shutdown`.
pub async fn run(
    config: Config,
    ports_file: Option<&Path>,
    shutdown: Shutdown,
    opened: impl FnOnce(&Running),
) -> Result<()> {
    let running = start(config)?;
    if let Some(path) = ports_file {
        let written = running.ports.write(path);
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    opened(&running);
    let reason = shutdown.requested().await;
    tracing::info!(reason, "stopping");
    running.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Opens the ports and serves them. Must be called within a tokio runtime.
///
/// # Errors
/// If a port is taken, the certificate is unusable, or the data directory cannot be made
/// or is another server's.
pub fn start(config: Config) -> Result<Running> {
    // First of all: whatever follows may write there.
    let data_dir = DataDir::take(&config.data_dir)?;
    let http = listen::tcp("http_port", &config.bind, config.http_port)?;
    let https = match config.https {
        true => listen::tcp("https_port", &config.bind, config.https_port)?,
        false => Vec::new(),
    };
    // The engine's sockets share their port among its threads, and so would
    // silently share it with another server's.
    listen::try_udp("media_port", &config.bind, config.media_port)?;
    let certificate = config.https.then(|| Files::ensure(&config)).transpose()?;
    let tls = certificate.as_ref().map(Files::server_config).transpose()?;

    let mut media = None;
    let token = AdminToken::ensure(&config.data_dir)?;
    let mut recordings = config.recordings();
    let executable = std::env::current_exe().context("cannot find the executable that runs")?;
    recordings.archive.mix = Some(config.mix(executable));
    recordings.archive.thumbnailer = match Codecs::find() {
        Ok(codecs) => Some(Arc::new(Thumbnails(codecs))),
        Err(error) => {
            tracing::warn!(%error, "recordings have no pictures, rooms get no films, and sound stays as it was published");
            None
        }
    };
    if let Some(webm) = config.without_aac().first() {
        let first = config.video_codecs.first() == Some(webm);
        let what = "WebM takes no AAC: such recordings keep their sound as it was published (record_audio, record_formats)";
        match first {
            true => tracing::warn!(codec = %webm, "{what}"),
            false => tracing::info!(codec = %webm, "{what}"),
        }
    }
    let told = veche_api::Config {
        recordings: Some(recordings),
        admin_token: Some(token.text.clone()),
        ..config.api()
    };
    let api = Api::start(told, |events| {
        let engine = Engine::start(config.media(), events)?;
        media = Some((engine.port(), engine.advertised()));
        Ok(engine)
    })
    .map_err(|error| match error {
        veche_api::StartError::Media(error) => explain(error),
        veche_api::StartError::Archive(error) => {
            anyhow::Error::from(error).context("cannot open what is known of recordings")
        }
        veche_api::StartError::Recordings(error) => {
            let folder = config.recordings().store.folder;
            anyhow::Error::from(error)
                .context(format!("cannot use {} for recordings", folder.display()))
        }
    })?;
    let (media_port, media_addresses) = media.unwrap_or_default();

    let ports = Ports {
        http: port_of(&http)?,
        https: if config.https {
            Some(port_of(&https)?)
        } else {
            None
        },
        media: media_port,
    };
    let media_from = config.upload().and_then(|upload| upload.viewers_from());
    let router = api.router(assets::router(media_from.as_deref()));
    let handle = Handle::new();
    let crowd = Crowd::new(config.limits.connections);
    let mut listeners = JoinSet::new();
    for listener in http {
        let server = axum_server::from_tcp(listener)?.acceptor(crowd.clone());
        listeners.spawn(serve(server, handle.clone(), router.clone()));
    }
    if let (Some(tls), Some(files)) = (tls, &certificate) {
        let tls = RustlsConfig::from_config(tls);
        for listener in https {
            let acceptor = RustlsAcceptor::new(tls.clone())
                .handshake_timeout(TLS_HANDSHAKE)
                .acceptor(crowd.clone());
            let server = axum_server::from_tcp(listener)?.acceptor(acceptor);
            listeners.spawn(serve_tls(server, handle.clone(), router.clone()));
        }
        tokio::spawn(tls::keep_fresh(files.clone(), tls));
    }
    Ok(Running {
        config,
        ports,
        media_addresses,
        certificate,
        admin_token: token,
        api,
        handle,
        listeners,
        _data_dir: data_dir,
    })
}

impl Running {
    /// Tells every client, closes the connections and the ports. Takes
    /// `shutdown_timeout` at most.
    pub async fn stop(mut self) {
        let limit = self.config.shutdown_timeout.duration();
        let everybody = async {
            // No new connections: who is told to come back must not meet us again.
            self.handle.graceful_shutdown(Some(limit));
            self.api.shutdown(limit).await;
            while self.listeners.join_next().await.is_some() {}
        };
        if timeout(limit, everybody).await.is_err() {
            tracing::warn!(
                limit_ms = limit.as_millis() as u64,
                "not everybody left in time"
            );
        }
    }

    /// Addresses that a browser can open, the most useful first.
    pub fn urls(&self, hosts: &[IpAddr]) -> Vec<String> {
        let mut urls = vec![format!("http://localhost:{}", self.ports.http)];
        if let Some(https) = self.ports.https {
            let of = |host: &IpAddr| format!("https://{}", SocketAddr::new(*host, https));
            urls.extend(hosts.iter().map(of));
        }
        urls
    }
}

async fn serve(
    server: Server<SocketAddr, Crowd>,
    handle: Handle<SocketAddr>,
    router: Router,
) -> io::Result<()> {
    bounded(server, handle)
        .serve(router.into_make_service_with_connect_info::<SocketAddr>())
        .await
}

async fn serve_tls(
    server: Server<SocketAddr, RustlsAcceptor<Crowd>>,
    handle: Handle<SocketAddr>,
    router: Router,
) -> io::Result<()> {
    bounded(server, handle)
        .serve(router.into_make_service_with_connect_info::<SocketAddr>())
        .await
}

fn bounded<A>(server: Server<SocketAddr, A>, handle: Handle<SocketAddr>) -> Server<SocketAddr, A> {
    let mut server = server
        .handle(handle)
        .first_request_timeout(FIRST_REQUEST)
        .accept_error_handler(|_, error| tracing::debug!(%error, "connection not accepted"));
    server
        .http_builder()
        .http1()
        .header_read_timeout(Some(REQUEST_HEAD));
    server
}

fn port_of(listeners: &[TcpListener]) -> Result<u16> {
    let first = listeners.first().context("no address to listen on")?;
    Ok(first.local_addr()?.port())
}

/// Says which setting to change when the media engine cannot start.
fn explain(error: StartError) -> anyhow::Error {
    match error {
        StartError::Bind {
            protocol,
            address,
            source,
        } => listen::ListenError {
            key: "media_port",
            protocol,
            address,
            source,
        }
        .into(),
        other => other.into(),
    }
}
