//! The command line: what is asked for, and with which settings.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::check::Report;
use crate::config::{self, ConfigError, Loaded, Note, Sources};
use crate::{Shutdown, banner, check, host, log, mix, run};

const EXAMPLES: &str = "\
Examples:
  veche                                  start; open http://localhost:8080
  veche --http-port 80 --https-port 443  the ports that browsers try first
  veche --public-ip 203.0.113.7          behind 1:1 NAT, as most cloud machines are
  veche --tls-cert fullchain.pem --tls-key privkey.pem
  veche --set keep_alive.probes=5        any key of the configuration
  veche check                            what keeps it from working, and how to mend it
  veche config                           what is in force, and who set it
  veche config --example > veche.toml    a commented file to start from
  veche mix room-standup.mkv             one film of a recorded meeting

Settings come from flashphoner.properties, then veche.toml, then VECHE_*
variables (VECHE_HTTP_PORT=80, VECHE_KEEP_ALIVE__PROBES=5), then flags; the last wins.";

/// A server for live rooms: video, voice, screen and text in any browser.
#[derive(Debug, Parser)]
#[command(name = "veche", version, after_help = EXAMPLES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (this is the default)
    Serve,
    /// Tell what is wrong with ports, certificate, addresses and data, and how to mend it
    Check,
    /// Print the settings in force, with their sources
    Config {
        /// Print the commented sample file instead
        #[arg(long)]
        example: bool,
    },
    /// Make one film of a meeting from its recordings
    Mix(Box<mix::MixArgs>),
    /// Make a picture (JPEG) that stands for a recording
    Thumbnail(mix::ThumbnailArgs),
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Settings")]
struct Options {
    /// Settings file [default: veche.toml, if it is there]
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        env = "VECHE_CONFIG",
        hide_env = true
    )]
    config: Option<PathBuf>,
    /// Settings of a Flashphoner server [default: flashphoner.properties, if it is there]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "VECHE_PROPERTIES",
        hide_env = true
    )]
    properties: Option<PathBuf>,
    /// Address to listen on; may be given several times [default: all]
    #[arg(long, global = true, value_name = "IP")]
    bind: Vec<String>,
    /// Port of web pages and WebSocket [default: 8080]
    #[arg(long, global = true, value_name = "PORT")]
    http_port: Option<String>,
    /// The same over TLS [default: 8443]
    #[arg(long, global = true, value_name = "PORT")]
    https_port: Option<String>,
    /// Open no TLS port
    #[arg(long, global = true)]
    no_https: bool,
    /// Port of all media, UDP and TCP [default: 31001]
    #[arg(long, global = true, value_name = "PORT")]
    media_port: Option<String>,
    /// Address that clients reach this host by; may be given several times
    #[arg(long, global = true, value_name = "IP")]
    public_ip: Vec<String>,
    /// Where everything that is kept lies [default: ./data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Certificate chain, PEM [default: a self-signed one is made]
    #[arg(long, global = true, value_name = "FILE")]
    tls_cert: Option<String>,
    /// Its private key, PEM
    #[arg(long, global = true, value_name = "FILE")]
    tls_key: Option<String>,
    /// trace, debug, info, warn or error, or info,veche_api=debug [default: info]
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// text or json [default: text]
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Any other key; `veche config --example` explains them all
    #[arg(long, global = true, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Write the ports in use to a file, as JSON, once all are open
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "VECHE_PORTS_FILE",
        hide_env = true
    )]
    ports_file: Option<PathBuf>,
}

impl Options {
    fn sources(&self) -> anyhow::Result<Sources> {
        let mut flags = Vec::new();
        let mut flag = |typed: &str, key: &str, value: String| {
            flags.push((typed.to_owned(), key.to_owned(), value));
        };
        for (typed, value) in [
            ("--http-port", &self.http_port),
            ("--https-port", &self.https_port),
            ("--media-port", &self.media_port),
            ("--data-dir", &self.data_dir),
            ("--tls-cert", &self.tls_cert),
            ("--tls-key", &self.tls_key),
            ("--log-level", &self.log_level),
            ("--log-format", &self.log_format),
        ] {
            if let Some(value) = value {
                let key = typed.trim_start_matches('-').replace('-', "_");
                flag(typed, &key, value.clone());
            }
        }
        if self.no_https {
            flag("--no-https", "https", "false".into());
        }
        for (typed, key, values) in [
            ("--bind", "bind", &self.bind),
            ("--public-ip", "public_ip", &self.public_ip),
        ] {
            if !values.is_empty() {
                flag(typed, key, values.join(","));
            }
        }
        for assignment in &self.set {
            let (key, value) = assignment
                .split_once('=')
                .with_context(|| format!("--set {assignment}: expected KEY=VALUE"))?;
            let key = key.trim();
            flag(&format!("--set {key}"), key, value.trim().to_owned());
        }
        Ok(Sources {
            file: self.config.clone(),
            properties: self.properties.clone(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            flags,
            ..Sources::default()
        })
    }
}

/// The whole program: reads the command line, does what it says.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(&cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("veche: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<ExitCode> {
    let sources = cli.options.sources()?;
    match &cli.command {
        Some(Command::Check) => Ok(check(config::load(&sources))),
        Some(Command::Config { example: true }) => {
            print(config::EXAMPLE);
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Config { example: false }) => {
            print(&in_force(&config::load(&sources)?));
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Mix(args)) => Ok(mix::run(args)),
        Some(Command::Thumbnail(args)) => Ok(mix::thumbnail(args)),
        Some(Command::Serve) | None => {
            serve(config::load(&sources)?, cli.options.ports_file.clone())
        }
    }
}

fn serve(loaded: Loaded, ports_file: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    log::start(&loaded.config)?;
    for note in &loaded.notes {
        match note {
            Note::Info(text) => tracing::info!("{text}"),
            Note::Warning(text) => tracing::warn!("{text}"),
        }
    }
    host::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(async {
        let shutdown = Shutdown::on_signals()?;
        run(loaded.config, ports_file.as_deref(), shutdown, banner::show).await
    });
    // Blocking work of a client that is gone must not hold the process.
    runtime.shutdown_background();
    result.map(|()| ExitCode::SUCCESS)
}

fn check(loaded: Result<Loaded, ConfigError>) -> ExitCode {
    let report = match loaded {
        Ok(loaded) => check::everything(&loaded),
        Err(error) => Report::of_config_error(&error),
    };
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    print(&report.render(colour));
    if report.is_broken() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// The settings as a file that can be read back, each with who set it.
fn in_force(loaded: &Loaded) -> String {
    let mut text = String::new();
    for path in &loaded.files {
        text.push_str(&format!("# read {}\n", path.display()));
    }
    let mut table = "";
    let keys = config::flatten(&loaded.config);
    for (key, value) in &keys {
        let (group, name) = key.rsplit_once('.').unwrap_or(("", key));
        if group != table {
            text.push_str(&format!("\n[{group}]\n"));
            table = group;
        }
        text.push_str(&format!("{name} = {value}"));
        if let Some(source) = loaded.set_by.get(key) {
            text.push_str(&format!("  # {source}"));
        }
        text.push('\n');
    }
    text
}

/// Prints, and does not mind a reader that has seen enough (`veche config | head`).
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
