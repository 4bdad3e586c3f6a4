//! The `veche` executable. See `veche --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    veche_server::main()
}
