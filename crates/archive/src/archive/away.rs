//! Files whose only copy is in the bucket, on their way to viewers.

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::Archive;
use super::uploads::Uploads;
use crate::ArchiveError;
use crate::model::File;
use crate::upload::{Bucket, CallError, Content, Range, place};

/// How long an address opens a file at least: somebody may begin to watch late.
const LASTS: Duration = Duration::from_secs(3600);

/// The storage takes no longer ones.
const MAX_LASTS: Duration = Duration::from_secs(7 * 24 * 3600);

impl Archive {
    /// Viewers are to fetch files of the bucket by themselves.
    pub fn redirects(&self) -> bool {
        let uploads = self.inner.uploads.as_ref();
        uploads.is_some_and(|uploads| uploads.config.redirect)
    }

    /// An address at the storage that gives the file to whoever has it: for an hour
    /// and as long as the film is, since players come back for each part. Who may
    /// have it was looked at before.
    ///
    /// # Errors
    /// If there is no copy, or no credentials to sign with.
    pub async fn address(
        &self,
        method: Method,
        file: &File,
        disposition: &str,
    ) -> Result<String, ArchiveError> {
        let (bucket, key) = self.away(file)?;
        let lasts = LASTS
            .saturating_add(Duration::from_millis(file.duration_ms))
            .min(MAX_LASTS);
        let signed = bucket.sign(method, key, disposition, lasts).await;
        Ok(signed.map_err(unavailable)?.into())
    }

    /// The file, or a part of it, through this server.
    ///
    /// # Errors
    /// If there is no copy, or the storage does not give it.
    pub async fn content(&self, file: &File, range: Range) -> Result<Content, ArchiveError> {
        let (bucket, key) = self.away(file)?;
        bucket.get(key, range).await.map_err(unavailable)
    }

    fn away<'a>(&self, file: &'a File) -> Result<(Bucket, &'a str), ArchiveError> {
        let copy = file.uploaded.as_deref().and_then(place::read);
        let (bucket, key) = copy.ok_or(ArchiveError::NotFound)?;
        let uploads = self.inner.uploads.as_ref();
        let Uploads { shop, .. } = uploads.ok_or_else(|| {
            ArchiveError::Away("the file lies there, and record_upload_url is not set".to_owned())
        })?;
        let bucket = shop.bucket(bucket, Arc::default());
        let bucket = bucket.map_err(|fault| ArchiveError::Away(fault.text))?;
        Ok((bucket, key))
    }
}

fn unavailable(error: CallError) -> ArchiveError {
    match error {
        CallError::Missing(_) => ArchiveError::NotFound,
        other => ArchiveError::Away(other.into_fault().text),
    }
}
