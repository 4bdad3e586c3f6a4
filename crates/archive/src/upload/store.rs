//! The calls of S3 that are needed here.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use http::Method;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential, AwsCredentialProvider};
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer};
use object_store::{
    Attribute, Attributes, CredentialProvider, GetOptions, GetRange, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, RetryConfig,
};
use url::Url;

use super::fault::{Fault, Kind, NoRole, explain, is_forgotten, is_missing};
use super::line::{Line, Meter};
use super::{Config, Credentials};

/// What leaves at once: progress is seen and the pace is kept in such steps.
const PIECE: usize = 64 * 1024;

/// The client, for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Store {
    config: Config,
    line: Line,
    /// One for all, so that a role's are asked for once.
    credentials: AwsCredentialProvider,
}

/// One bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    s3: AmazonS3,
    config: Config,
}

/// What the storage tells of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub bytes: u64,
    pub tag: Option<String>,
}

/// Which bytes of a file are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// All.
    Whole,
    /// From here on.
    From(u64),
    /// The first and the last.
    Between(RangeInclusive<u64>),
    /// So many at the end.
    Last(u64),
}

/// Bytes of a file that lies in the bucket.
pub struct Content {
    /// Which they are: from the first on, without the last.
    pub range: std::ops::Range<u64>,
    /// How large the whole is.
    pub bytes: u64,
    /// Changes when the file does.
    pub tag: Option<String>,
    /// They themselves.
    pub chunks: BoxStream<'static, Result<Bytes, object_store::Error>>,
}

/// Why one of these calls failed: what to do, and what the caller goes on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    /// There is no such object or upload.
    Missing(Fault),
    /// The multipart upload is not known any more.
    Forgotten(Fault),
    /// Anything else.
    Other(Fault),
}

impl CallError {
    pub(crate) fn into_fault(self) -> Fault {
        match self {
            Self::Missing(fault) | Self::Forgotten(fault) | Self::Other(fault) => fault,
        }
    }
}

type Result<T, E = CallError> = std::result::Result<T, E>;

impl Store {
    pub(crate) fn new(config: &Config) -> Result<Self, Fault> {
        let broken = |why: String| Fault::new(Kind::Refused, why);
        let line = Line::new(config.stall, config.max_bps).map_err(broken)?;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.place.bucket)
            .with_region(&config.region)
            .with_retry(once())
            .with_http_connector(line.clone());
        builder = match &config.credentials {
            Credentials::Keys { id, secret, token } => {
                let builder = builder
                    .with_access_key_id(id)
                    .with_secret_access_key(secret);
                match token {
                    Some(token) => builder.with_token(token),
                    None => builder,
                }
            }
            Credentials::Role(variables) => {
                variables.iter().fold(builder, |builder, (name, value)| {
                    match name.to_ascii_lowercase().parse() {
                        Ok(key) => builder.with_config(key, value),
                        Err(_) => builder,
                    }
                })
            }
        };
        let s3 = builder.build().map_err(|error| explain(&error, config))?;
        Ok(Self {
            config: config.clone(),
            line,
            credentials: Arc::new(Role(Arc::clone(s3.credentials()))),
        })
    }

    /// A bucket, whose requests this meter counts.
    pub(crate) fn bucket(&self, name: &str, meter: Arc<Meter>) -> Result<Bucket, Fault> {
        let config = &self.config;
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(&config.region)
            .with_allow_http(true)
            .with_virtual_hosted_style_request(!config.path_style)
            // Not everybody knows how to delete several at once.
            .with_disable_bulk_delete(true)
            .with_retry(once())
            .with_credentials(Arc::clone(&self.credentials))
            .with_http_connector(self.line.metered(meter));
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(match config.path_style {
                true => endpoint.to_string(),
                false => endpoint.of_bucket(name),
            });
        }
        let s3 = builder.build().map_err(|error| explain(&error, config))?;
        Ok(Bucket {
            s3,
            config: config.clone(),
        })
    }
}

/// Tells what goes wrong with a role from what goes wrong with the storage.
#[derive(Debug)]
struct Role(AwsCredentialProvider);

#[async_trait::async_trait]
impl CredentialProvider for Role {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let given = self.0.get_credential().await;
        given.map_err(|error| object_store::Error::Generic {
            store: "role",
            source: Box::new(NoRole(error)),
        })
    }
}

/// When it is tried again is decided in the plan.
fn once() -> RetryConfig {
    RetryConfig {
        max_retries: 0,
        ..RetryConfig::default()
    }
}

fn typed(mime: &str) -> Attributes {
    [(Attribute::ContentType, mime.to_owned())]
        .into_iter()
        .collect()
}

fn pieces(bytes: Vec<u8>) -> PutPayload {
    let whole = Bytes::from(bytes);
    let starts = (0..whole.len()).step_by(PIECE);
    starts
        .map(|start| whole.slice(start..whole.len().min(start + PIECE)))
        .collect()
}

impl Bucket {
    /// Keys are names of files here: what the client would write otherwise is an
    /// error, so that nothing goes where nobody looks for it.
    fn path(&self, key: &str) -> Result<Path> {
        let path = Path::parse(key).map_err(|source| self.wrong(&source.into()))?;
        match path.as_ref() == key {
            true => Ok(path),
            false => Err(CallError::Other(Fault::new(
                Kind::File,
                format!("the storage takes no such name: {key:?}"),
            ))),
        }
    }

    fn wrong(&self, error: &object_store::Error) -> CallError {
        let fault = explain(error, &self.config);
        match () {
            () if is_forgotten(error) => CallError::Forgotten(fault),
            () if is_missing(error) => CallError::Missing(fault),
            () => CallError::Other(fault),
        }
    }

    /// Sends a small file. Its tag.
    pub(crate) async fn put(
        &self,
        key: &str,
        mime: &str,
        bytes: Vec<u8>,
    ) -> Result<Option<String>> {
        let options = PutOptions {
            attributes: typed(mime),
            ..PutOptions::default()
        };
        let path = self.path(key)?;
        let sent = self.s3.put_opts(&path, pieces(bytes), options).await;
        let sent = sent.map_err(|error| self.wrong(&error))?;
        Ok(sent.e_tag)
    }

    /// Begins a multipart upload. Its id.
    pub(crate) async fn begin(&self, key: &str, mime: &str) -> Result<String> {
        let options = PutMultipartOptions {
            attributes: typed(mime),
            ..PutMultipartOptions::default()
        };
        let path = self.path(key)?;
        let begun = self.s3.create_multipart_opts(&path, options).await;
        begun.map_err(|error| self.wrong(&error))
    }

    /// Sends a part, from 0. Its tag.
    pub(crate) async fn part(
        &self,
        key: &str,
        id: &str,
        part: usize,
        bytes: Vec<u8>,
    ) -> Result<String> {
        let (path, id) = (self.path(key)?, id.to_owned());
        let sent = self.s3.put_part(&path, &id, part, pieces(bytes)).await;
        let sent = sent.map_err(|error| self.wrong(&error))?;
        Ok(sent.content_id)
    }

    /// Has the parts put together. The tag of the whole.
    pub(crate) async fn complete(
        &self,
        key: &str,
        id: &str,
        tags: &[String],
    ) -> Result<Option<String>> {
        let (path, id) = (self.path(key)?, id.to_owned());
        let content = |tag: &String| PartId {
            content_id: tag.clone(),
        };
        let parts = tags.iter().map(content).collect();
        let whole = self.s3.complete_multipart(&path, &id, parts).await;
        Ok(whole.map_err(|error| self.wrong(&error))?.e_tag)
    }

    /// Gives a multipart upload up. One that is not there is as good.
    pub(crate) async fn abort(&self, key: &str, id: &str) -> Result<()> {
        let (path, id) = (self.path(key)?, id.to_owned());
        match self.s3.abort_multipart(&path, &id).await {
            Err(error) if !is_missing(&error) => Err(self.wrong(&error)),
            _ => Ok(()),
        }
    }

    pub(crate) async fn head(&self, key: &str) -> Result<Head> {
        let found = self.s3.head(&self.path(key)?).await;
        let found = found.map_err(|error| self.wrong(&error))?;
        Ok(Head {
            bytes: found.size,
            tag: found.e_tag,
        })
    }

    /// Deletes a file. One that is not there is as good.
    pub(crate) async fn delete(&self, key: &str) -> Result<()> {
        match self.s3.delete(&self.path(key)?).await {
            Err(error) if !is_missing(&error) => Err(self.wrong(&error)),
            _ => Ok(()),
        }
    }

    /// An address that gives the file to whoever has it, for a while.
    pub(crate) async fn sign(
        &self,
        method: Method,
        key: &str,
        disposition: &str,
        lasts: Duration,
    ) -> Result<Url> {
        let options =
            SignedUrlOptions::new().with_query([("response-content-disposition", disposition)]);
        let path = self.path(key)?;
        let signed = self.s3.signed_url_opts(method, &path, lasts, &options);
        signed.await.map_err(|error| self.wrong(&error))
    }

    /// The file, or a part of it.
    pub(crate) async fn get(&self, key: &str, range: Range) -> Result<Content> {
        let options = GetOptions {
            range: match range {
                Range::Whole => None,
                Range::From(first) => Some(GetRange::Offset(first)),
                Range::Between(bytes) => {
                    let end = bytes.end().saturating_add(1);
                    Some(GetRange::Bounded(*bytes.start()..end))
                }
                Range::Last(bytes) => Some(GetRange::Suffix(bytes)),
            },
            ..GetOptions::default()
        };
        let found = self.s3.get_opts(&self.path(key)?, options).await;
        let found = found.map_err(|error| self.wrong(&error))?;
        Ok(Content {
            range: found.range.clone(),
            bytes: found.meta.size,
            tag: found.meta.e_tag.clone(),
            chunks: found.into_stream().boxed(),
        })
    }
}

/// Tries everything that is needed: writes a small object, asks for it, deletes
/// it. Opens connections, so it may take a while.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub async fn check(config: &Config) -> std::result::Result<(), String> {
    let store = Store::new(config).map_err(|fault| fault.text)?;
    let bucket = store.bucket(&config.place.bucket, Arc::default());
    let bucket = bucket.map_err(|fault| fault.text)?;
    let unique = fastrand::u64(..);
    let key = config.place.key(&format!("veche-check-{unique:016x}"));
    let told = |what: &str, error: CallError| {
        let why = error.into_fault().text;
        format!("cannot {what} an object: {why}")
    };
    let text = b"Written by `veche check`, which deletes it.\n".to_vec();
    let bytes = text.len() as u64;
    let put = bucket.put(&key, "text/plain", text).await;
    put.map_err(|error| told("write", error))?;
    let head = bucket.head(&key).await;
    // Whatever came of it, it has to go.
    let deleted = bucket.delete(&key).await;
    let head = head.map_err(|error| told("look at", error))?;
    deleted.map_err(|error| told("delete", error))?;
    if head.bytes != bytes {
        return Err(format!(
            "it has {} bytes of {bytes} that were sent: is something between?",
            head.bytes
        ));
    }
    Ok(())
}
