//! Makes the folder that the web apps are embedded from, so that the server
//! builds before (or without) them.

use std::path::Path;

fn main() {
    let apps = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/apps/dist");
    if let Err(error) = std::fs::create_dir_all(&apps) {
        println!("cargo::warning=cannot make {}: {error}", apps.display());
    }
    println!("cargo::rerun-if-changed={}", apps.display());
    println!("cargo::rerun-if-changed=build.rs");
}
