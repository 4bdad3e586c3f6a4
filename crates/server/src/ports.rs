use std::io;
use std::path::Path;

use serde::Serialize;

/// The ports that are open; of interest where the configuration said 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Ports {
    /// Web pages and WebSocket.
    pub http: u16,
    /// The same over TLS, unless that is off.
    pub https: Option<u16>,
    /// Media, UDP and TCP.
    pub media: u16,
}

impl Ports {
    /// Writes them as JSON. Whoever waits for the file never sees half of it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        std::fs::write(&partial, serde_json::to_vec(self)?)?;
        std::fs::rename(&partial, path)
    }
}
