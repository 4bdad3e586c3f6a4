use super::client::get_plain;
use super::veche::{Veche, command, text};

const FREE: [&str; 4] = [
    "--bind=127.0.0.1",
    "--http-port=0",
    "--https-port=0",
    "--media-port=0",
];

#[tokio::test]
async fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let mut first = Veche::start(&["--no-https"]);
    let second = command(first.directory.path()).args(FREE).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = text(&second.stderr);
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
