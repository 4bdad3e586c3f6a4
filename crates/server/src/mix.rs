//! `veche mix`: one film of a meeting, from its recordings.

mod args;
mod callback;
mod progress;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use veche_codec::Codecs;
use veche_film::{
    Film, FilmError, InputError, InputFile, Of, Order, OutputError, Settings, SettingsError,
};
use veche_record::journal::{self, Journal, JournalError};

use args::ProgressForm;
pub(crate) use args::{MixArgs, ThumbnailArgs};
use progress::Teller;

/// What the reference's tool ends with when the recording is missing.
const MISSING_INPUT: u8 = 64;

/// What it ends with when the settings are.
const BAD_SETTINGS: u8 = 65;

/// How long a film waits for the mixer of a server that was killed, which makes
/// the same one until it sees that nobody waits for it.
const PREDECESSOR: Duration = Duration::from_secs(15);

/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs it, and says on the last line of the error output why there is no film.
pub(crate) fn run(args: &MixArgs) -> ExitCode {
    match mix(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("veche mix: {error}");
            ExitCode::from(error.status())
        }
    }
}

/// Makes a picture of a recording.
pub(crate) fn thumbnail(args: &ThumbnailArgs) -> ExitCode {
    let made = Codecs::find()
        .map_err(veche_film::ThumbnailError::from)
        .and_then(|codecs| veche_film::thumbnail(&args.input, &codecs));
    let failed = match made {
        Ok(jpeg) => match std::fs::write(&args.output, jpeg) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => format!("cannot write {}: {error}", args.output.display()),
        },
        Err(error) => format!("{}: {error}", args.input.display()),
    };
    eprintln!("veche thumbnail: {failed}");
    ExitCode::FAILURE
}

#[derive(Debug)]
enum MixError {
    Settings(SettingsError),
    Input(InputError),
    Journal { path: PathBuf, error: JournalError },
    Exists(PathBuf),
    Unnamed,
    Film(FilmError),
}

impl MixError {
    fn status(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Film(FilmError::Settings(_)) => BAD_SETTINGS,
            Self::Input(InputError::Missing { .. }) => MISSING_INPUT,
            _ => 1,
        }
    }
}

impl fmt::Display for MixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Input(error) => error.fmt(f),
            Self::Journal { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Exists(path) => write!(
                f,
                "{} is there already; --force replaces it, --output names another",
                path.display()
            ),
            Self::Unnamed => f.write_str("name the film with --output"),
            Self::Film(error) => error.fmt(f),
        }
    }
}

fn mix(args: &MixArgs) -> Result<(), MixError> {
    let settings = settings(args)?;
    let output = output(args)?;
    if output.exists() && !args.force {
        return Err(MixError::Exists(output));
    }
    let journal = journal(args)?;
    let inputs = inputs(args, journal.as_ref(), &output)?;
    crate::host::be_nice(args.nice);
    let waited_for = args.progress == ProgressForm::Json;
    let stop = stop_on_signals(waited_for);
    let mut teller = Teller::new(args.progress);
    let callback = settings.callback_url.clone();
    let order = Order {
        inputs,
        journal,
        output,
        settings,
    };
    let codecs = match &args.codec_program {
        Some(program) => Codecs::at(program),
        None => Codecs::find(),
    };
    let begun = Instant::now();
    let made = codecs.map_err(FilmError::from).and_then(|codecs| {
        loop {
            let made = veche_film::make(&order, &codecs, &mut |progress| {
                teller.tell(progress.done, progress.total);
                !stop.load(Ordering::Relaxed)
            });
            let waits = waited_for && begun.elapsed() < PREDECESSOR;
            match made {
                Err(FilmError::Output(OutputError::Busy { .. })) if waits => {
                    std::thread::sleep(PAUSE);
                }
                made => return made,
            }
        }
    });
    teller.end();
    let film = made.map_err(MixError::Film)?;
    for warning in &film.warnings {
        eprintln!("veche mix: warning: {warning}");
    }
    // The film is there, whoever can be told of it or not.
    let untold = callback.and_then(|url| callback::tell(&url, &order.output, &film).err());
    if let Some(error) = untold {
        eprintln!("veche mix: warning: {error}");
    }
    told(&order.output, &film);
    Ok(())
}

fn told(output: &Path, film: &Film) {
    eprintln!(
        "veche mix: {}: {:.1} s, {}, {:.1} MB",
        output.display(),
        film.duration.as_secs_f64(),
        match film.people.len() {
            1 => "1 person".to_owned(),
            n => format!("{n} people"),
        },
        film.bytes as f64 / 1e6
    );
}

/// The file, then the flags.
fn settings(args: &MixArgs) -> Result<Settings, MixError> {
    let (mut settings, mut warnings) = match &args.settings {
        Some(path) => Settings::read(path).map_err(MixError::Settings)?,
        None => (Settings::default(), Vec::new()),
    };
    // Paths in flags are relative to where one is.
    let flags = settings.apply(&args.settings(), Path::new(""));
    warnings.extend(flags.map_err(MixError::Settings)?);
    settings.check().map_err(MixError::Settings)?;
    for warning in warnings {
        eprintln!("veche mix: warning: {warning}");
    }
    Ok(settings)
}

fn journal(args: &MixArgs) -> Result<Option<Journal>, MixError> {
    let path = args.journal.clone().or_else(|| beside(&args.inputs));
    let Some(path) = path else {
        return Ok(None);
    };
    match journal::read(&path) {
        Ok(journal) => Ok(Some(journal)),
        Err(error) => Err(MixError::Journal { path, error }),
    }
}

fn inputs(
    args: &MixArgs,
    journal: Option<&Journal>,
    output: &Path,
) -> Result<Vec<InputFile>, MixError> {
    let mut inputs = Vec::new();
    let of = Of {
        room_id: args.room_id.clone(),
        origin_us: journal.map(|journal| journal.start.room_start_us),
        output: Some(output.to_owned()),
    };
    for path in &args.inputs {
        inputs.extend(veche_film::find(path, &of).map_err(MixError::Input)?);
    }
    Ok(inputs)
}

fn output(args: &MixArgs) -> Result<PathBuf, MixError> {
    match (&args.output, &args.inputs[..]) {
        (Some(output), _) => Ok(output.clone()),
        (None, [input]) => {
            let name = if input.is_dir() {
                input.file_name()
            } else {
                input.file_stem()
            };
            let mut name = name.ok_or(MixError::Unnamed)?.to_owned();
            name.push(".film.mp4");
            Ok(input.with_file_name(name))
        }
        _ => Err(MixError::Unnamed),
    }
}

/// The journal that belongs to a room's file, if it is there.
fn beside(inputs: &[PathBuf]) -> Option<PathBuf> {
    let [input] = inputs else {
        return None;
    };
    let mut name = input.file_stem()?.to_owned();
    name.push(journal::EXTENSION);
    let path = input.with_file_name(name);
    path.is_file().then_some(path)
}

/// Set by SIGINT, SIGTERM and SIGHUP, and when the program that waits for the
/// film is gone.
fn stop_on_signals(waited_for: bool) -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&stop);
    let parent = rustix::process::getppid();
    let watch = move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        else {
            return;
        };
        runtime.block_on(async {
            tokio::select! {
                () = signalled() => {}
                () = orphaned(parent), if waited_for => {}
            }
        });
        set.store(true, Ordering::Relaxed);
    };
    // Without it a signal ends the process at once, which loses nothing either.
    let _ = std::thread::Builder::new()
        .name("signals".into())
        .spawn(watch);
    stop
}

async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let signals: Vec<_> = kinds
        .into_iter()
        .filter_map(|kind| signal(kind).ok())
        .collect();
    let waits = signals.into_iter().map(|mut signal| {
        Box::pin(async move {
            signal.recv().await;
        })
    });
    futures_util::future::select_all(waits).await;
}

/// A server that was killed cannot say that it does not wait any more, and the
/// next one will make the same film.
async fn orphaned(parent: Option<rustix::process::Pid>) {
    let mut turn = tokio::time::interval(Duration::from_secs(1));
    while rustix::process::getppid() == parent {
        turn.tick().await;
    }
}
