use std::fs;

use super::*;

fn load_text(text: &str) -> Result<Loaded, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("veche.toml"), text).unwrap();
    load(&Sources {
        directory: directory.path().to_owned(),
        ..Sources::default()
    })
}

fn check_error(text: &str, expected: &[&str]) {
    let error = load_text(text).unwrap_err().to_string();
    for part in expected {
        assert!(error.contains(part), "{part:?} in: {error}");
    }
}

#[test]
fn nothing_set_is_the_default() {
    assert_eq!(load_text("").unwrap().config, Config::default());
}

#[test]
fn a_later_layer_wins_over_an_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(
        at("flashphoner.properties"),
        "ws.port=1\nwss.port=1\nmedia_port_from=1\nroom_idle_timeout=1\n",
    )
    .unwrap();
    fs::write(
        at("veche.toml"),
        "http_port = 2\nhttps_port = 2\nmedia_port = 2\n",
    )
    .unwrap();
    let loaded = load(&Sources {
        directory: directory.path().to_owned(),
        environment: vec![
            ("VECHE_HTTPS_PORT".into(), "3".into()),
            ("VECHE_MEDIA_PORT".into(), "4".into()),
            ("PATH".into(), "/bin".into()),
        ],
        flags: vec![("--media-port".into(), "media_port".into(), "5".into())],
        ..Sources::default()
    })
    .unwrap();

    assert_eq!(loaded.config.room_idle_timeout, Millis(1));
    assert_eq!(loaded.config.http_port, 2);
    assert_eq!(loaded.config.https_port, 3);
    assert_eq!(loaded.config.media_port, 5);
    assert_eq!(loaded.config.chat_history, 200);

    let source = |key: &str| loaded.set_by[key].clone();
    assert_eq!(
        source("room_idle_timeout"),
        Source::Properties("room_idle_timeout".into())
    );
    assert_eq!(source("http_port"), Source::File(at("veche.toml")));
    assert_eq!(
        source("https_port"),
        Source::Environment("VECHE_HTTPS_PORT".into())
    );
    assert_eq!(source("media_port"), Source::Flag("--media-port".into()));
    assert!(!loaded.set_by.contains_key("chat_history"));
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    check_error(
        "# ports\nhtpp_port = 80\n\n[keep_alive]\nprobe = 3\n",
        &[
            "veche.toml:2: unknown key `htpp_port`, did you mean `http_port`?",
            "veche.toml:5: unknown key `keep_alive.probe`, did you mean `keep_alive.probes`?",
        ],
    );
    check_error(
        "zzz = 1\n",
        &["unknown key `zzz`; `veche config --example`"],
    );
    check_error("[zzz]\na = 1\n", &["veche.toml:1: unknown key `zzz`"]);
}

#[test]
fn a_value_of_the_wrong_kind_is_shown_with_its_line() {
    check_error("\nhttp_port = \"many\"\n", &["line 2", "http_port"]);
    check_error("http_port = 99999\n", &["line 1", "99999"]);
    check_error(
        "video_codecs = [\"VP7\"]\n",
        &["line 1", "unknown codec \"VP7\""],
    );
    check_error("public_ip = \"300.1.1.1\"\n", &["line 1", "300.1.1.1"]);
    check_error("http_port = \n", &["line 1"]);
}

#[test]
fn values_that_cannot_work_together_are_refused() {
    check_error(
        "tls_cert = \"a.pem\"\n",
        &["tls_cert and tls_key belong together"],
    );
    check_error(
        "http_port = 8443\n",
        &["http_port and https_port must differ"],
    );
    check_error("media_port = 8080\n", &["media_port and http_port"]);
    check_error("public_ip = \"0.0.0.0\"\n", &["public_ip 0.0.0.0"]);
    check_error("video_codecs = []\n", &["video_codecs"]);
    check_error("record_formats = \"h264\"\n", &["record_formats: \"h264\""]);
    check_error(
        "stream_record_policy_template = \"{nobody}\"\n",
        &["stream_record_policy_template: unknown element"],
    );
    assert!(load_text("media_port = 8080\nice_tcp = false\n").is_ok());
    assert!(load_text("http_port = 0\nhttps_port = 0\nmedia_port = 0\n").is_ok());
}

#[test]
fn a_public_address_may_stand_alone_or_in_a_list() {
    let alone = load_text("public_ip = \"203.0.113.7\"\n").unwrap();
    let listed = load_text("public_ip = [\"203.0.113.7\"]\n").unwrap();
    assert_eq!(alone.config, listed.config);
    assert_eq!(alone.config.public_ip.len(), 1);
}

fn from_environment(name: &str, value: &str) -> Result<Loaded, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    load(&Sources {
        directory: directory.path().to_owned(),
        environment: vec![(name.to_owned(), value.to_owned())],
        ..Sources::default()
    })
}

#[test]
fn variables_reach_lists_truth_values_and_nested_keys() {
    let config = |name, value| from_environment(name, value).unwrap().config;
    assert_eq!(
        config("VECHE_VIDEO_CODECS", "H264, vp8").video_codecs,
        [VideoCodec::H264, VideoCodec::Vp8]
    );
    assert_eq!(
        config("VECHE_PUBLIC_IP", "203.0.113.7,2001:db8::7")
            .public_ip
            .len(),
        2
    );
    assert!(!config("VECHE_HTTPS", "no").https);
    assert_eq!(config("VECHE_TLS_CERT", "").tls_cert, None);
    assert_eq!(config("VECHE_KEEP_ALIVE__PROBES", "3").keep_alive.probes, 3);
    assert_eq!(
        config("VECHE_LOG_FORMAT", "json").log_format,
        LogFormat::Json
    );
}

#[test]
fn a_bad_variable_is_named_and_an_unknown_one_is_a_warning() {
    let error = from_environment("VECHE_HTTP_PORT", "many").unwrap_err();
    assert_eq!(
        error.to_string(),
        "VECHE_HTTP_PORT: \"many\" is not a whole number"
    );
    let error = from_environment("VECHE_HTTP_PORT", "70000").unwrap_err();
    assert!(
        error.to_string().starts_with("VECHE_HTTP_PORT: "),
        "{error}"
    );

    let warning = |name| from_environment(name, "3").unwrap().notes;
    assert_eq!(
        warning("VECHE_HTTP_PORTS"),
        [Note::Warning(
            "VECHE_HTTP_PORTS sets nothing; did you mean VECHE_HTTP_PORT?".into()
        )]
    );
    assert_eq!(
        warning("VECHE_KEEP_ALIVE_PROBES"),
        [Note::Warning(
            "VECHE_KEEP_ALIVE_PROBES sets nothing; did you mean VECHE_KEEP_ALIVE__PROBES?".into()
        )]
    );
    assert_eq!(warning("VECHE_CONFIG"), []);
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let error = load(&Sources {
        file: Some("/nowhere/veche.toml".into()),
        ..Sources::default()
    })
    .unwrap_err();
    assert!(error.to_string().contains("/nowhere/veche.toml"), "{error}");
}

#[test]
fn seed_keys_of_later_features_are_accepted_and_strangers_warned_of() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flashphoner.properties");
    fs::write(
        &path,
        "room_idle_timeout=5000\nrecord_h264_to_ts=true\nrecord_formats=h264-mkv\nmixer_layout_class=x\nmedia_port_to=32000\nfoo=1\n",
    )
    .unwrap();
    let loaded = load(&Sources {
        directory: directory.path().to_owned(),
        ..Sources::default()
    })
    .unwrap();
    assert_eq!(loaded.config.room_idle_timeout, Millis(5000));
    assert_eq!(loaded.config.record_formats, "h264-mkv");
    let kinds: Vec<_> = loaded
        .notes
        .iter()
        .map(|note| match note {
            Note::Info(text) => ("info", text.contains("later") || text.contains("no effect")),
            Note::Warning(text) => ("warning", text.contains("foo is not known")),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("info", true),
            ("info", true),
            ("info", true),
            ("warning", true)
        ]
    );
}

/// The example with every commented key put into force.
fn uncommented() -> String {
    EXAMPLE
        .lines()
        .map(|line| {
            let bare = line.strip_prefix('#').unwrap_or(line);
            // A key or a table directly after the `#`; prose has a space there.
            if bare.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') {
                bare
            } else {
                line
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_file_changes_nothing_as_it_is() {
    assert_eq!(load_text(EXAMPLE).unwrap().config, Config::default());
}

#[test]
fn the_example_file_shows_every_key_with_its_default() {
    let text = uncommented();
    let table: toml::Table = text.parse().unwrap();
    let mut shown = Vec::new();
    keys::collect("", &table, &mut shown);
    let mut shown: Vec<_> = shown.into_iter().map(|(key, _)| key).collect();
    let mut known: Vec<_> = keys::known().map(str::to_owned).collect();
    shown.sort();
    known.sort();
    assert_eq!(shown, known);

    let mut config = load_text(&text).unwrap().config;
    // These have no default; the example shows where others put them.
    (config.tls_cert, config.tls_key) = (None, None);
    config.on_record_hook_script = None;
    config.on_multiple_record_hook_script = None;
    config.offline_mixer_config = None;
    assert_eq!(config, Config::default());
}

#[test]
fn the_guide_lists_every_key() {
    let guide = include_str!("../../../../docs/guides/configuration.md");
    for key in keys::known() {
        assert!(guide.contains(&format!("| `{key}` |")), "{key}");
    }
}

#[test]
fn what_is_printed_can_be_read_back() {
    let config = Config {
        public_ip: vec!["203.0.113.7".parse().unwrap()],
        ..Config::default()
    };
    let text = toml::to_string(&config).unwrap();
    assert_eq!(load_text(&text).unwrap().config, config);
    let keys: Vec<_> = flatten(&config).into_iter().map(|(key, _)| key).collect();
    let first_in_table = keys.iter().position(|key| key.contains('.')).unwrap();
    assert!(
        keys[first_in_table..].iter().all(|key| key.contains('.')),
        "{keys:?}"
    );
}

#[test]
fn uploads_are_set_up_whole_or_not_at_all() {
    check_error(
        "record_upload_url = \"https://calls\"\n",
        &["record_upload_url: must begin with s3://"],
    );
    check_error(
        "record_upload_endpoint = \"http://localhost:9000\"\n",
        &["record_upload_url is missing"],
    );
    check_error(
        "record_upload_delete_local = true\n",
        &["record_upload_url is missing"],
    );
    let at = "record_upload_url = \"s3://calls\"\nrecord_upload_endpoint = ";
    check_error(
        &format!("{at}\"minio:9000\"\n"),
        &["record_upload_endpoint: must be an address"],
    );
    check_error(
        &format!("{at}\"http://minio:9000\"\n"),
        &[
            "record_upload_secret_access_key are missing",
            "AWS_ACCESS_KEY_ID",
        ],
    );
    check_error(
        "record_upload_url = \"s3://calls\"\nrecord_upload_access_key_id = \"x\"\n",
        &["belong together"],
    );
    check_error(
        "record_upload_max_bps = 50000\n",
        &["record_upload_max_bps must be 0 (no limit) or at least 100000"],
    );
    let whole = format!(
        "{at}\"http://minio:9000\"\nrecord_upload_access_key_id = \"k\"\nrecord_upload_secret_access_key = \"s3cr3t\"\n"
    );
    let upload = load_text(&whole).unwrap().config.upload().unwrap();
    assert_eq!(upload.place.to_string(), "s3://calls");
    assert_eq!(upload.viewers_from().as_deref(), Some("http://minio:9000"));
    // Amazon's machines may have a role.
    let config = load_text("record_upload_url = \"s3://calls\"\n")
        .unwrap()
        .config;
    let upload = config.upload().unwrap();
    assert_eq!(
        upload.credentials,
        veche_archive::upload::Credentials::Role(Vec::new())
    );
    assert_eq!(Config::default().upload(), None);
}

#[test]
fn what_is_not_set_of_uploads_is_as_the_archive_has_it() {
    let text = "record_upload_url = \"s3://calls/x\"\n";
    let upload = load_text(text).unwrap().config.upload().unwrap();
    let usual = veche_archive::upload::Config::new(
        "s3://calls/x".parse().unwrap(),
        veche_archive::upload::Credentials::Role(Vec::new()),
    );
    assert_eq!(upload, usual);
}

#[test]
fn a_secret_is_never_shown() {
    let text = "record_upload_url = \"s3://calls\"\nrecord_upload_access_key_id = \"k\"\nrecord_upload_secret_access_key = \"s3cr3t\"\n";
    let config = load_text(text).unwrap().config;
    let printed = toml::to_string(&config).unwrap();
    let shown = format!(
        "{config:?} {printed} {:?} {:?}",
        config.recordings(),
        flatten(&config)
    );
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert!(printed.contains("record_upload_secret_access_key = \"***\""));
    // What was printed is no secret.
    check_error(&printed, &["what `veche config` shows in its place"]);
    for wrong in ["s3cr3t", "12345678", "\"s3cr3t", "[\"s3cr3t\"]"] {
        let text = format!("http_port = 1\nrecord_upload_secret_access_key = {wrong}\n");
        let error = load_text(&text).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(
            !error.contains("s3cr3t") && !error.contains("12345678"),
            "{error}"
        );
    }
}

#[test]
fn the_variables_of_amazon_fill_what_nobody_set() {
    let load_with = |text: &str, variables: &[(&str, &str)]| {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("veche.toml"), text).unwrap();
        load(&Sources {
            directory: directory.path().to_owned(),
            environment: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Sources::default()
        })
        .unwrap()
    };
    let theirs = [
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "s3cr3t"),
        ("AWS_SESSION_TOKEN", "t0ken"),
        ("AWS_DEFAULT_REGION", "eu-west-3"),
        ("AWS_ENDPOINT_URL_S3", ""),
        ("AWS_ENDPOINT_URL", "https://s3.example.org"),
        ("AWS_ROLE_ARN", "arn:x"),
    ];
    let loaded = load_with("record_upload_url = \"s3://calls\"\n", &theirs);
    let upload = loaded.config.upload().unwrap();
    assert_eq!(upload.region, "eu-west-3");
    assert_eq!(
        upload.endpoint.unwrap().to_string(),
        "https://s3.example.org"
    );
    let keys = veche_archive::upload::Credentials::Keys {
        id: "AKIA".to_owned(),
        secret: "s3cr3t".to_owned(),
        token: Some("t0ken".to_owned()),
    };
    assert!(upload.credentials == keys);
    assert!(!format!("{:?}", loaded.config).contains("t0ken"));
    let by = Source::Environment("AWS_ACCESS_KEY_ID".to_owned());
    assert_eq!(loaded.set_by["record_upload_access_key_id"], by);
    // Our own settings stand above, and their key does not go with our secret.
    let text = "record_upload_url = \"s3://calls\"\nrecord_upload_region = \"r\"\nrecord_upload_access_key_id = \"k\"\nrecord_upload_secret_access_key = \"own\"\n";
    let upload = load_with(text, &theirs).config.upload().unwrap();
    let keys = veche_archive::upload::Credentials::Keys {
        id: "k".to_owned(),
        secret: "own".to_owned(),
        token: None,
    };
    assert!(upload.region == "r" && upload.credentials == keys);
    // Who uploads nothing is not spoken to about it.
    assert_eq!(load_with("", &theirs).config.upload(), None);
    assert!(load_with("", &theirs).set_by.is_empty());
}
