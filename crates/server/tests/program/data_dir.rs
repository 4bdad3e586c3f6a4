use std::fs;
use std::process::Child;

use super::client::get_plain;
use super::veche::{Veche, command, text, until};

const FREE: [&str; 4] = [
    "--bind=127.0.0.1",
    "--http-port=0",
    "--https-port=0",
    "--media-port=0",
];

/// Ended with the test, should it not end by itself.
struct Second(Child);

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let mut first = Veche::start(&["--no-https"]);
    let place = first.directory.path();
    let log = fs::File::create(place.join("second")).unwrap();
    let second = command(place).args(FREE).stderr(log).spawn().unwrap();
    let mut second = Second(second);
    let status = until("it ends", || second.0.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
    let said = fs::read_to_string(place.join("second")).unwrap();
    let expected = "another veche uses the data directory ./data; stop that one, \
                    or set data_dir to a folder of its own";
    assert!(said.contains(expected), "{said}");
    let health = get_plain(first.http(), "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    // With a folder of its own it runs beside it.
    let _other = Veche::start(&["--no-https"]);

    // However a server ends, its folder is free.
    first.kill();
    first.start_again(&["--no-https"]);
    first.signal("TERM");
    assert_eq!(first.ended(), 0);
    first.start_again(&["--no-https"]);
}

#[test]
fn a_folder_in_use_is_found_and_left_alone() {
    let mut first = Veche::start(&["--no-https"]);
    let report = check(&first);
    assert!(
        report.contains("BROKEN   data_dir     ./data is used by another veche"),
        "{report}"
    );
    assert!(report.contains("1 thing to mend"), "{report}");
    first.kill();
    let report = check(&first);
    assert!(report.contains("./data can be written"), "{report}");
    first.start_again(&["--no-https"]);
}

fn check(beside: &Veche) -> String {
    let mut command = command(beside.directory.path());
    let output = command.arg("check").args(FREE).output().unwrap();
    text(&output.stdout)
}
