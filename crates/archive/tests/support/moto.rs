use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Python begins slowly on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often it is started before that is a fault.
const STARTS: usize = 3;

/// The bucket that is there.
pub const BUCKET: &str = "calls";

/// An S3 server of this test's own.
pub struct Moto {
    child: Child,
    pub address: SocketAddr,
    log: tempfile::TempDir,
}

pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// Somebody with rights, where they are looked at.
pub struct Key {
    pub id: String,
    pub secret: String,
}

impl Moto {
    /// Starts one with an empty bucket.
    pub fn start() -> Self {
        let moto = Self::start_with(&[]);
        moto.make_bucket();
        moto
    }

    /// One that looks at signatures, with a bucket and one key that may do all.
    pub fn strict() -> (Self, Key) {
        // So many requests are made here before it begins to.
        let moto = Self::start_with(&[("INITIAL_NO_AUTH_ACTION_COUNT", "4")]);
        let policy = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D";
        moto.iam("Action=CreateUser&UserName=veche");
        let answer = moto.iam("Action=CreateAccessKey&UserName=veche");
        moto.iam(&format!(
            "Action=PutUserPolicy&PolicyName=p&UserName=veche&PolicyDocument={policy}"
        ));
        moto.make_bucket();
        let element = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        let key = Key {
            id: element("AccessKeyId"),
            secret: element("SecretAccessKey"),
        };
        (moto, key)
    }

    fn start_with(variables: &[(&str, &str)]) -> Self {
        let program = program();
        assert!(
            program.exists(),
            "{} is missing: scripts/need tests",
            program.display()
        );
        let started = Instant::now();
        // Another may take the port before it does.
        for _ in 0..STARTS {
            let log = tempfile::tempdir().unwrap();
            let address = free_address();
            let output = File::create(log.path().join("log")).unwrap();
            let child = Command::new(&program)
                .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
                .envs(variables.iter().copied())
                .stdin(Stdio::null())
                .stdout(output.try_clone().unwrap())
                .stderr(output)
                .spawn()
                .unwrap();
            let mut moto = Self {
                child,
                address,
                log,
            };
            if moto.answers(started) {
                return moto;
            }
            eprintln!("it does not start: {}", moto.said());
        }
        panic!("no S3 server");
    }

    fn answers(&mut self, since: Instant) -> bool {
        while since.elapsed() < PATIENCE {
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.log.path().join("log")).unwrap_or_default()
    }

    fn make_bucket(&self) {
        let made = self.ask("PUT", &format!("/{BUCKET}"), b"");
        assert_eq!(made.status, 200, "{}", self.said());
    }

    fn iam(&self, form: &str) -> String {
        let headers = [
            ("Authorization", authorization("iam")),
            ("Content-Type", "application/x-www-form-urlencoded".into()),
        ];
        let form = format!("{form}&Version=2010-05-08");
        let answer = http(self.address, "POST", "/", &headers, form.as_bytes());
        assert_eq!(answer.status, 200, "{}", self.said());
        String::from_utf8(answer.body).unwrap()
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// As the owner of the bucket.
    pub fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let headers = [("Authorization", authorization("s3"))];
        http(self.address, method, path, &headers, body)
    }

    /// An object's bytes and type. `None`: there is none.
    pub fn object(&self, key: &str) -> Option<(Vec<u8>, String)> {
        let answer = self.ask("GET", &format!("/{BUCKET}/{}", encode(key)), b"");
        let kind = answer.headers.get("content-type").cloned();
        (answer.status == 200).then(|| (answer.body, kind.unwrap_or_default()))
    }

    /// The keys of all objects, in order.
    pub fn keys(&self) -> Vec<String> {
        self.listed(&format!("/{BUCKET}?list-type=2"), "Key")
    }

    /// Multipart uploads that are open.
    pub fn open_uploads(&self) -> Vec<String> {
        self.listed(&format!("/{BUCKET}?uploads"), "UploadId")
    }

    fn listed(&self, path: &str, element: &str) -> Vec<String> {
        let answer = self.ask("GET", path, b"");
        assert_eq!(answer.status, 200, "{path}");
        let text = String::from_utf8(answer.body).unwrap();
        let mut found: Vec<String> = text
            .split(&format!("<{element}>"))
            .skip(1)
            .map(|rest| rest.split_once('<').unwrap().0.to_owned())
            .collect();
        found.sort();
        found
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/moto/bin/moto_server")
}

pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A signature that nobody looks at; its scope says which service is meant.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=owner/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=none"
    )
}

fn encode(key: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~/".contains(&b);
    key.bytes()
        .map(|b| match plain(b) {
            true => char::from(b).to_string(),
            false => format!("%{b:02X}"),
        })
        .collect()
}

/// One request on a connection of its own.
pub fn http(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(to).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let end = response
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8_lossy(&response[..end]).into_owned();
    let headers = head.lines().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    });
    Answer {
        status: head[9..12].parse().unwrap(),
        headers: headers.collect(),
        body: response[end + 4..].to_vec(),
    }
}
