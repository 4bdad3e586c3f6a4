use super::*;

/// As the reference's documentation has it.
const TWO_ROWS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<body>
  <row height="1row" align="INLINE_VERTICAL_CENTER">
    <div width="1col" height="100%" align="INLINE_HORIZONTAL_CENTER"><video width="100%" height="100%" align="CENTER"/></div>
    <div width="1col" height="100%" align="INLINE_HORIZONTAL_CENTER"><video width="100%" height="100%" align="CENTER"/></div>
  </row>
  <row height="1row" align="INLINE_VERTICAL_CENTER">
    <div width="1col" height="100%" align="INLINE_HORIZONTAL_CENTER"><video width="100%" height="100%" align="CENTER"/></div>
    <div width="1col" height="100%" align="INLINE_HORIZONTAL_CENTER"><video width="100%" height="100%" align="CENTER"/></div>
  </row>
</body>"#;

const DESKTOP: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<body>
  <row height="100%" align="CENTER">
    <video width="100%" id="desktop" align="CENTER"></video>
    <row height="20%" align="BOTTOM">
      <div width="1col" height="100%" align="INLINE_HORIZONTAL"><video width="95%" height="95%" id="speaker" align="RIGHT"/></div>
      <div width="1col" height="100%" align="INLINE_HORIZONTAL"><video width="95%" height="95%" id="participant" align="LEFT"/></div>
    </row>
  </row>
</body>"#;

fn seats(elements: &[Element]) -> Vec<Seat> {
    let of = |element: &Element| match &element.content {
        Content::Box(elements) => seats(elements),
        Content::Seat(seat) => vec![seat.clone()],
    };
    elements.iter().flat_map(of).collect()
}

fn refused(text: &str) -> (u32, String) {
    parse(text).unwrap_err()
}

#[test]
fn the_reference_s_examples_are_read() {
    let (elements, said) = parse(TWO_ROWS).unwrap();
    assert_eq!((seats(&elements).len(), said.len()), (4, 0));
    let (elements, said) = parse(DESKTOP).unwrap();
    let ids: Vec<_> = seats(&elements)
        .into_iter()
        .map(|s| s.id.unwrap())
        .collect();
    assert_eq!(ids, ["desktop", "speaker", "participant"]);
    assert_eq!(said, []);
    let (elements, _) = parse(r#"<body><video value="ann*"/><video>bob</video></body>"#).unwrap();
    let names: Vec<_> = seats(&elements)
        .into_iter()
        .map(|s| s.name.unwrap())
        .collect();
    assert_eq!(names, ["ann*", "bob"]);
}

#[test]
fn every_attribute_says_what_it_should() {
    let text = r#"<body><video x="-5" y="7" width="320" height="12.5%" align="bottom_right"
        padding-left="1" padding-right="2" padding-top="3" padding-bottom="4" crop="true"/></body>"#;
    let (elements, _) = parse(text).unwrap();
    let [element] = &elements[..] else {
        panic!("{elements:?}");
    };
    assert_eq!((element.x, element.y), (-5, 7));
    assert_eq!(element.width, Length::Pixels(320));
    assert_eq!(element.height, Length::Percent(12.5));
    assert_eq!(element.align, Align::BottomRight);
    let padding = element.padding;
    assert_eq!(
        (padding.left, padding.right, padding.top, padding.bottom),
        (1, 2, 3, 4)
    );
    assert!(seats(&elements)[0].crop);
    assert_eq!(length("0", "col"), Some(Length::Rest));
    assert_eq!(length("2cols", "col"), Some(Length::Parts(2.0)));
    for wrong in ["-1", "1row", "a%", "NaN%", "1e9%"] {
        assert_eq!(length(wrong, "col"), None, "{wrong}");
    }
}

#[test]
fn mistakes_name_their_line_and_what_to_do() {
    let check = |text: &str, line: u32, words: &str| {
        let (found, problem) = refused(text);
        assert!(
            found == line && problem.contains(words),
            "{found}: {problem}"
        );
    };
    check("<body>\n<video>\n</body>", 3, "not XML");
    check("\n<html/>", 2, "<html> where <body> is");
    check(
        "<body>\n<img/></body>",
        2,
        "<img> is none of <video>, <div> and <row>",
    );
    check(
        "<body>\n\n<video width=\"wide\"/></body>",
        3,
        "width=\"wide\" is not a width such as",
    );
    check(
        "<body><video align=\"MIDDLE\"/></body>",
        1,
        "INLINE_HORIZONTAL",
    );
    check("<body><video crop=\"yes\"/></body>", 1, "true or false");
    check(
        "<body><div padding-top=\"-1\"/></body>",
        1,
        "a number of pixels",
    );
    check(
        "<body>\n<row><video width=\"1col\" align=\"INLINE_HORIZONTAL\"/>\
         <video width=\"50%\" align=\"INLINE_HORIZONTAL\"/></row></body>",
        2,
        "use one of both",
    );
    let (_, said) = parse("<body>\n<video watermark=\"a.png\"/></body>").unwrap();
    assert_eq!(
        said,
        [(
            2,
            "watermark of <video> means nothing here, left out".to_owned()
        )]
    );
}

#[test]
fn what_is_meant_to_harm_does_not() {
    refused("<!DOCTYPE x [<!ENTITY a \"aaaa\">]><body>&a;</body>");
    refused(&format!(
        "<body>{}{}</body>",
        "<div>".repeat(100),
        "</div>".repeat(100)
    ));
    refused(&format!(
        "<body>{}</body>",
        "<video/>".repeat(MAX_NODES as usize)
    ));
    refused(&"<div>".repeat(MAX_BYTES as usize / 5));
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..2000 {
        let mut bytes = DESKTOP.as_bytes().to_vec();
        for _ in 0..random.usize(1..8) {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..128);
        }
        let _ = parse(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_folder_has_one_for_each_number() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let sentence = || read(folder.path()).unwrap_err().to_string();
    assert!(sentence().contains("no layouts in it; they are called N_name.mix"));
    write("4_rows.mix", TWO_ROWS);
    write("readme.txt", "about");
    read(folder.path()).unwrap();
    write("4_other.mix", TWO_ROWS);
    assert!(sentence().contains("4_rows.mix: there is a layout for 4 already"));
    fs::remove_file(folder.path().join("4_other.mix")).unwrap();
    write("5_five.mix", TWO_ROWS);
    assert!(sentence().contains("5_five.mix: a layout for 5 has places for 4"));
    fs::rename(
        folder.path().join("5_five.mix"),
        folder.path().join("many.mix"),
    )
    .unwrap();
    assert!(sentence().contains("begins with the number of participants"));
    fs::remove_file(folder.path().join("many.mix")).unwrap();
    write("2_bad.mix", "<body>\n\n<video/></body");
    assert!(
        sentence().contains("2_bad.mix:3: not XML"),
        "{}",
        sentence()
    );
    assert!(matches!(
        read(&folder.path().join("none")),
        Err(SettingsError::File { .. })
    ));
}
