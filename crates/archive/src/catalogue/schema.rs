use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{CatalogueError, Result};

/// Of the tables below. Another one is made anew: nothing is only here.
const VERSION: i64 = 4;

const TABLES: &str = "
    CREATE TABLE sources (
        name TEXT PRIMARY KEY,
        stamp TEXT NOT NULL,
        recording TEXT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE INDEX sources_by_recording ON sources (recording);
    CREATE TABLE recordings (
        id TEXT PRIMARY KEY,
        started INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        state TEXT NOT NULL,
        deleted_until INTEGER,
        folded TEXT NOT NULL,
        doc TEXT NOT NULL
    );
    CREATE INDEX recordings_by_start ON recordings (started, id);
    CREATE TABLE names (
        name TEXT PRIMARY KEY,
        recording TEXT NOT NULL,
        file TEXT NOT NULL
    );
    CREATE INDEX names_by_recording ON names (recording);
";

/// Somebody may look into it with a tool of their own.
const BUSY: Duration = Duration::from_secs(5);

/// Opens it, or makes it anew if it is none of ours.
pub(super) fn open(path: &Path) -> Result<Connection> {
    if !path.exists() {
        return recreate(path);
    }
    match existing(path) {
        Ok(Some(db)) => Ok(db),
        Ok(None) => {
            tracing::info!("the catalogue of recordings has another version and is made anew");
            recreate(path)
        }
        Err(why) if why.is_damage() => {
            tracing::warn!(%why, "the catalogue of recordings is damaged and made anew");
            recreate(path)
        }
        Err(error) => Err(error),
    }
}

/// `None`: of another version.
fn existing(path: &Path) -> Result<Option<Connection>> {
    let db = connect(path)?;
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version != VERSION {
        return Ok(None);
    }
    let verdict: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        tracing::warn!(
            verdict,
            "the catalogue of recordings is damaged and made anew"
        );
        return Ok(None);
    }
    Ok(Some(db))
}

/// Removes what is there and makes an empty one.
pub(super) fn recreate(path: &Path) -> Result<Connection> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(CatalogueError::File(error));
            }
            _ => {}
        }
    }
    let db = connect(path)?;
    fill(&db)?;
    Ok(db)
}

/// An empty one that needs no disk.
pub(super) fn in_memory() -> Result<Connection> {
    let db = Connection::open_in_memory()?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    fill(&db)?;
    Ok(db)
}

fn fill(db: &Connection) -> Result<()> {
    db.execute_batch(TABLES)?;
    db.pragma_update(None, "user_version", VERSION)?;
    Ok(())
}

fn connect(path: &Path) -> std::result::Result<Connection, CatalogueError> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // What a power cut takes is read from the folder again.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(db)
}
