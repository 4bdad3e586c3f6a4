//! The database: what the folder tells, in a form that can be searched.
//!
//! Everything in it is read from the folder and can be read again: manifests,
//! journals and the `.state` files beside them.

mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};
use veche_record::journal;
use veche_record::store::{self, Manifest};

use crate::assemble::{Parts, assemble};
use crate::cursor::Cursor;
use crate::fold;
use crate::kept::{self, Kept};
use crate::mix::rest;
use crate::model::{File, Recording, State};
use crate::source::{self, Source};
use crate::thumbnail;
use crate::upload::{self, Sidecar};
use crate::{HOOK, HOOK_PENDING};

/// Why the catalogue does not answer.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// SQLite said no.
    #[error("the catalogue's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The system said no to its file.
    #[error("the catalogue's database: {0}")]
    File(io::Error),
    /// The system said no.
    #[error("the folder of recordings: {0}")]
    Folder(#[from] io::Error),
    /// What was written there is not what is read.
    #[error("an entry of the catalogue: {0}")]
    Entry(#[from] serde_json::Error),
}

impl CatalogueError {
    /// The database is damaged; made again it will do.
    pub(crate) fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match self {
            Self::Database(rusqlite::Error::SqliteFailure(error, _)) => {
                matches!(error.code, DatabaseCorrupt | NotADatabase)
            }
            Self::Database(rusqlite::Error::FromSqlConversionFailure(..)) | Self::Entry(_) => true,
            _ => false,
        }
    }

    /// The disk has no room.
    pub(crate) fn is_full(&self) -> bool {
        match self {
            Self::Folder(error) | Self::File(error) => error.kind() == io::ErrorKind::StorageFull,
            Self::Database(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            Self::Entry(_) => false,
        }
    }
}

type Result<T> = std::result::Result<T, CatalogueError>;

/// Which recordings to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that must be in the names of the room, the stream or the people.
    pub search: String,
    /// In this state only.
    pub state: Option<State>,
    /// Those in the trash, instead of those that are not.
    pub trash: bool,
    /// At most so many.
    pub limit: usize,
    /// Those that come after it.
    pub after: Option<Cursor>,
}

/// A part of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Newest first.
    pub recordings: Vec<Recording>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
    /// How many there are on all pages.
    pub total: u64,
    /// How large all of them are.
    pub bytes: u64,
}

pub(crate) struct Catalogue {
    db: Connection,
    /// Where the database lies. `None`: in memory.
    path: Option<PathBuf>,
    folder: PathBuf,
    /// Names of media, and ids of journals, that this process writes.
    live: BTreeSet<String>,
}

impl Catalogue {
    /// Opens the database, or makes it anew if it is lost, damaged or of
    /// another version, and reads what has changed in the folder.
    ///
    /// Where it cannot be written, on a full disk for instance, it is made in
    /// memory: nothing is only there.
    pub(crate) fn open(path: &Path, folder: &Path) -> Result<Self> {
        match Self::open_at(Some(path), folder) {
            Err(error @ CatalogueError::Folder(_)) => Err(error),
            Err(why) => {
                tracing::warn!(%why, "the list of recordings is kept in memory until the next start");
                Self::open_at(None, folder)
            }
            opened => opened,
        }
    }

    fn open_at(path: Option<&Path>, folder: &Path) -> Result<Self> {
        let mut catalogue = Self {
            db: match path {
                Some(path) => schema::open(path)?,
                None => schema::in_memory()?,
            },
            path: path.map(Path::to_owned),
            folder: folder.to_owned(),
            live: BTreeSet::new(),
        };
        catalogue.sweep()?;
        match catalogue.scan() {
            Err(error) if error.is_damage() => catalogue.rebuild(&error)?,
            other => other?,
        }
        Ok(catalogue)
    }

    /// Removes halves that a crash left, before anything writes new ones.
    fn sweep(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let half = |end: &&str| name.to_string_lossy().ends_with(end);
            if [kept::GROWING, thumbnail::GROWING].iter().any(half) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Makes the database anew.
    pub(crate) fn rebuild(&mut self, why: &CatalogueError) -> Result<()> {
        tracing::warn!(%why, "the catalogue of recordings is made anew");
        self.db = match &self.path {
            Some(path) => schema::recreate(path)?,
            None => schema::in_memory()?,
        };
        self.scan()
    }

    /// Takes over what has changed in the folder.
    pub(crate) fn scan(&mut self) -> Result<()> {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        {
            let mut rows = self.db.prepare("SELECT name, stamp FROM sources")?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                known.insert(row.get(0)?, row.get(1)?);
            }
        }
        let transaction = self.db.transaction()?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            if !source::is_source(&name) {
                continue;
            }
            // Gone since it was listed.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let stamp = source::stamp(&metadata);
            if known.remove(&name).is_some_and(|known| known == stamp) {
                continue;
            }
            match Source::read(&entry.path()) {
                Ok(Some(found)) => write_source(&transaction, &name, &stamp, &found)?,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(file = name, %error, "a file that tells of a recording is unreadable");
                    transaction.execute("DELETE FROM sources WHERE name = ?1", [&name])?;
                }
            }
        }
        for name in known.keys() {
            transaction.execute("DELETE FROM sources WHERE name = ?1", [name])?;
        }
        transaction.execute("DELETE FROM recordings", [])?;
        transaction.execute("DELETE FROM names", [])?;
        let ids: Vec<String> = transaction
            .prepare("SELECT DISTINCT recording FROM sources")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for id in &ids {
            let parts = parts(&transaction, &self.folder, &self.live, id)?;
            write_recording(&transaction, id, assemble(parts).as_ref())?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Takes over a manifest that was written just now. The recording that it
    /// belongs to, if there is anything to show of it.
    pub(crate) fn put(&mut self, manifest: &Manifest) -> Result<(String, Option<Recording>)> {
        let id = source::recording_of(manifest);
        match manifest.state {
            store::State::Recording => self.live.insert(manifest.file.clone()),
            _ => {
                let first = format!("{}.{}", manifest.recording, manifest.container);
                self.live.remove(&first);
                self.live.remove(&manifest.file)
            }
        };
        let name = self.name_of(&id, manifest)?;
        // Without one it is read again at the next start.
        let stamp = source::stamp_of(&self.folder.join(&name)).unwrap_or_default();
        let source = Source::Manifest(Box::new(manifest.clone()));
        write_source(&self.db, &name, &stamp, &source)?;
        let recording = self.refresh(&id)?;
        Ok((id, recording))
    }

    /// The name of a manifest's file.
    fn name_of(&self, id: &str, manifest: &Manifest) -> Result<String> {
        let mut rows = self
            .db
            .prepare_cached("SELECT name, body FROM sources WHERE recording = ?1")?;
        let mut rows = rows.query([id])?;
        while let Some(row) = rows.next()? {
            let (name, body): (String, String) = (row.get(0)?, row.get(1)?);
            if let Source::Manifest(known) = serde_json::from_str(&body)?
                && (&known.recording, known.part) == (&manifest.recording, manifest.part)
            {
                return Ok(name);
            }
        }
        Ok(source::manifest_name(&self.folder, manifest))
    }

    /// Reads a journal that has changed. `live`: this process writes it.
    pub(crate) fn put_journal(
        &mut self,
        path: &Path,
        live: bool,
    ) -> Result<(String, Option<Recording>)> {
        let id = journal::id_of(path).unwrap_or_default().to_owned();
        match live {
            true => self.live.insert(id.clone()),
            false => self.live.remove(&id),
        };
        let name = format!("{id}{}", journal::EXTENSION);
        let path = self.folder.join(&name);
        match source::stamp_of(&path) {
            Ok(stamp) => {
                if let Some(found) = Source::read(&path)? {
                    write_source(&self.db, &name, &stamp, &found)?;
                }
            }
            // There was nothing to record.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.db
                    .execute("DELETE FROM sources WHERE name = ?1", [&name])?;
            }
            Err(error) => return Err(error.into()),
        }
        let recording = self.refresh(&id)?;
        Ok((id, recording))
    }

    /// What is kept beside the manifests.
    pub(crate) fn kept(&self, id: &str) -> Result<Kept> {
        Ok(Kept::read(&self.kept_path(id))?)
    }

    /// Changes it: first on the disk, then here.
    pub(crate) fn keep(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut Kept),
    ) -> Result<Option<Recording>> {
        let path = self.kept_path(id);
        let mut kept = match Kept::read(&path) {
            Err(error)
                if error.kind() == io::ErrorKind::InvalidData
                    || error.kind() == io::ErrorKind::Other =>
            {
                let aside = self.folder.join(format!("{id}{}.bad", kept::EXTENSION));
                tracing::warn!(file = %path.display(), %error, "unreadable, laid aside");
                fs::rename(&path, aside)?;
                Kept::default()
            }
            other => other?,
        };
        kept.version = 1;
        change(&mut kept);
        kept.write(&path)?;
        let name = format!("{id}{}", kept::EXTENSION);
        match source::stamp_of(&path) {
            Ok(stamp) => write_source(&self.db, &name, &stamp, &Source::Kept(kept))?,
            Err(_) => {
                self.db
                    .execute("DELETE FROM sources WHERE name = ?1", [&name])?;
            }
        }
        self.refresh(id)
    }

    fn kept_path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}{}", kept::EXTENSION))
    }

    /// Puts a recording together again, e.g. when its files have come or gone.
    pub(crate) fn refresh(&mut self, id: &str) -> Result<Option<Recording>> {
        let transaction = self.db.transaction()?;
        let parts = parts(&transaction, &self.folder, &self.live, id)?;
        let recording = assemble(parts);
        write_recording(&transaction, id, recording.as_ref())?;
        transaction.commit()?;
        Ok(recording)
    }

    pub(crate) fn get(&self, id: &str) -> Result<Option<Recording>> {
        let doc: Option<String> = self
            .db
            .prepare_cached("SELECT doc FROM recordings WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(doc.map(|doc| serde_json::from_str(&doc)).transpose()?)
    }

    /// A file by its name, or by the one that it had while it was written.
    pub(crate) fn file(&self, name: &str) -> Result<Option<(Recording, File)>> {
        let id: Option<(String, String)> = self
            .db
            .prepare_cached("SELECT recording, file FROM names WHERE name = ?1")?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, file)) = id else {
            return Ok(None);
        };
        let recording = self.get(&id)?;
        Ok(recording.and_then(|recording| {
            let file = recording.files.iter().find(|f| f.name == file)?.clone();
            Some((recording, file))
        }))
    }

    pub(crate) fn page(&self, query: &Query) -> Result<Page> {
        let mut filter = String::from(match query.trash {
            true => "deleted_until IS NOT NULL",
            false => "deleted_until IS NULL",
        });
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        if let Some(state) = query.state {
            filter.push_str(" AND state = ?");
            values.push(Box::new(state.name()));
        }
        for word in fold::words(&query.search) {
            filter.push_str(" AND instr(folded, ?) > 0");
            values.push(Box::new(word));
        }
        let (total, bytes): (u64, u64) = self.db.query_row(
            &format!("SELECT count(*), coalesce(sum(bytes), 0) FROM recordings WHERE {filter}"),
            params_from_iter(values.iter()),
            |row| {
                Ok((
                    row.get::<_, i64>(0)?.cast_unsigned(),
                    row.get::<_, i64>(1)?.cast_unsigned(),
                ))
            },
        )?;
        if let Some(after) = &query.after {
            filter.push_str(" AND (started, id) < (?, ?)");
            values.push(Box::new(signed(after.started_at_ms)));
            values.push(Box::new(after.id.clone()));
        }
        // One more tells whether there is another page.
        values.push(Box::new(signed(query.limit as u64 + 1)));
        let mut rows = self.db.prepare(&format!(
            "SELECT doc FROM recordings WHERE {filter} ORDER BY started DESC, id DESC LIMIT ?"
        ))?;
        let mut rows = rows.query(params_from_iter(values.iter()))?;
        let mut recordings: Vec<Recording> = Vec::new();
        while let Some(row) = rows.next()? {
            recordings.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
        }
        let more = recordings.len() > query.limit;
        recordings.truncate(query.limit);
        let next = recordings.last().filter(|_| more).map(|last| Cursor {
            started_at_ms: last.started_at_ms,
            id: last.id.clone(),
        });
        Ok(Page {
            recordings,
            next,
            total,
            bytes,
        })
    }

    /// When the last of the files that tell of a recording was written, milliseconds
    /// since 1970.
    pub(crate) fn told_at_ms(&self, id: &str) -> Result<u64> {
        // A stamp begins with the seconds.
        let seconds: i64 = self
            .db
            .prepare_cached(
                "SELECT coalesce(max(CAST(stamp AS INTEGER)), 0) FROM sources
                 WHERE recording = ?1 AND name NOT LIKE '%.state'",
            )?
            .query_row([id], |row| row.get(0))?;
        Ok(u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000))
    }

    /// Everything, oldest first.
    pub(crate) fn all(&self) -> Result<Vec<Recording>> {
        let mut rows = self
            .db
            .prepare("SELECT doc FROM recordings ORDER BY started, id")?;
        let mut rows = rows.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(serde_json::from_str(&row.get::<_, String>(0)?)?);
        }
        Ok(all)
    }

    /// Recordings whose deletion was begun and not completed.
    pub(crate) fn purging(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut rows = self
            .db
            .prepare("SELECT recording, body FROM sources WHERE name LIKE '%.state'")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            if let Source::Kept(kept) = serde_json::from_str(&row.get::<_, String>(1)?)?
                && kept.purging
            {
                found.push(row.get(0)?);
            }
        }
        Ok(found)
    }

    /// Removes the files of a recording from the folder, media first: media
    /// without manifest would be taken for one that a crash left.
    pub(crate) fn remove_files(&mut self, id: &str) -> Result<()> {
        let names = source_names(&self.db, id)?;
        for (name, source) in &names {
            let Source::Manifest(manifest) = source else {
                continue;
            };
            for media in [Some(&manifest.file), manifest.final_file.as_ref()]
                .into_iter()
                .flatten()
            {
                remove(&self.folder, media)?;
            }
            self.live.remove(&manifest.file);
            tracing::debug!(manifest = name, "media removed");
        }
        remove(&self.folder, &thumbnail_name(id))?;
        rest::remove(&self.folder, id);
        for (name, source) in &names {
            if !matches!(source, Source::Kept(_)) {
                remove(&self.folder, name)?;
                self.db
                    .execute("DELETE FROM sources WHERE name = ?1", [name])?;
            }
        }
        Ok(())
    }
}

impl Catalogue {
    /// Files that tell of a recording: its manifests and its journal.
    pub(crate) fn sidecars(&self, id: &str) -> Result<Vec<Sidecar>> {
        let sources = source_names(&self.db, id)?.into_iter();
        Ok(sources
            .filter_map(|(name, source)| match source {
                Source::Manifest(manifest) => Some(Sidecar {
                    name,
                    of: Some(manifest.file),
                }),
                Source::Journal(_) => Some(Sidecar { name, of: None }),
                Source::Kept(_) => None,
            })
            .collect())
    }

    /// A script of the operator's is still to be run for it.
    pub(crate) fn awaits_script(&self, id: &str) -> Result<bool> {
        let sources = source_names(&self.db, id)?;
        Ok(sources.iter().any(|(_, source)| match source {
            Source::Manifest(manifest) => {
                let hook = manifest.origin.attributes.get(HOOK);
                // For what is broken none is run.
                let whole = matches!(
                    manifest.state,
                    store::State::Finished | store::State::Recovered
                );
                whole && hook.is_some_and(|state| state == HOOK_PENDING)
            }
            _ => false,
        }))
    }

    /// Removes files here that have a confirmed copy elsewhere, and with `broken`
    /// those that cannot be played and have none. Manifests stay. How many bytes
    /// that was.
    pub(crate) fn drop_local(&mut self, id: &str, broken: bool) -> Result<u64> {
        let Some(recording) = self.get(id)? else {
            return Ok(0);
        };
        let kept = self.kept(id)?;
        let mut bytes = 0;
        for file in recording.files.iter().filter(|f| f.state.is_final()) {
            let Some(now) = source::stat(&self.folder, &file.name) else {
                continue;
            };
            let away = upload::is_settled(&kept, &file.name, &now);
            if away || (broken && file.state == State::Broken) {
                remove(&self.folder, &file.name)?;
                bytes += now.bytes;
            }
        }
        self.refresh(id)?;
        Ok(bytes)
    }
}

#[cfg(test)]
impl Catalogue {
    /// Lets the database grow to so many pages, as a full disk does.
    pub(crate) fn limit_pages(&self, pages: u32) -> Result<()> {
        Ok(self.db.pragma_update(None, "max_page_count", pages)?)
    }
}

/// The picture of a recording lies beside it.
pub(crate) fn thumbnail_name(id: &str) -> String {
    format!("{id}.jpg")
}

fn remove(folder: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(folder.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn source_names(db: &Connection, id: &str) -> Result<Vec<(String, Source)>> {
    let mut rows = db.prepare_cached("SELECT name, body FROM sources WHERE recording = ?1")?;
    let mut rows = rows.query([id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((
            row.get(0)?,
            serde_json::from_str(&row.get::<_, String>(1)?)?,
        ));
    }
    Ok(found)
}

fn parts(db: &Connection, folder: &Path, live: &BTreeSet<String>, id: &str) -> Result<Parts> {
    let mut parts = Parts {
        id: id.to_owned(),
        thumbnail: folder.join(thumbnail_name(id)).exists(),
        ..Parts::default()
    };
    parts.live.extend(live.get(id).cloned());
    for (_, source) in source_names(db, id)? {
        match source {
            Source::Manifest(manifest) => {
                let name = &manifest.file;
                parts.live.extend(live.get(name).cloned());
                if folder.join(name).exists() {
                    parts.present.push(name.clone());
                }
                parts.manifests.push(*manifest);
            }
            Source::Journal(room) => parts.journal = Some(room),
            Source::Kept(kept) => parts.kept = kept,
        }
    }
    Ok(parts)
}

fn write_source(db: &Connection, name: &str, stamp: &str, source: &Source) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO sources (name, stamp, recording, body) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        name,
        stamp,
        source.recording(name),
        serde_json::to_string(source)?
    ])?;
    Ok(())
}

fn write_recording(db: &Connection, id: &str, recording: Option<&Recording>) -> Result<()> {
    db.prepare_cached("DELETE FROM names WHERE recording = ?1")?
        .execute([id])?;
    let Some(recording) = recording else {
        db.prepare_cached("DELETE FROM recordings WHERE id = ?1")?
            .execute([id])?;
        return Ok(());
    };
    let texts = [recording.room.as_ref(), recording.stream.as_ref()];
    let texts = texts.into_iter().flatten().chain(&recording.people);
    // A word is not found across two names.
    let folded: Vec<String> = texts.map(|text| fold::fold(text)).collect();
    db.prepare_cached(
        "INSERT OR REPLACE INTO recordings (id, started, bytes, state, deleted_until, folded, doc)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        id,
        signed(recording.started_at_ms),
        signed(recording.bytes),
        recording.state.name(),
        recording.deleted_until_ms.map(signed),
        folded.join("\n"),
        serde_json::to_string(recording)?,
    ])?;
    let mut names = db.prepare_cached(
        "INSERT OR IGNORE INTO names (name, recording, file) VALUES (?1, ?2, ?3)",
    )?;
    for file in &recording.files {
        for name in [Some(&file.name), file.first_name.as_ref()]
            .into_iter()
            .flatten()
        {
            names.execute([name, id, &file.name])?;
        }
    }
    Ok(())
}

/// SQLite's numbers have a sign. What does not fit is no time and no size.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
