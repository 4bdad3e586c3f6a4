//! Writes files that make sense to where the targets begin: `corpus/`.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use veche_media::{AudioCodec, VideoCodec};
use veche_record::{Chapter, Container, Extras, Sample, Track, Writer, finish_bytes};

fn main() -> io::Result<()> {
    files("mp4", Container::Mp4)?;
    foreign()?;
    files("webm", Container::Matroska)?;
    let journal = concat!(
        r#"{"type":"start","version":1,"at_ms":0,"id":"a","room":"r","room_id":"x","room_start_us":5,"started_at_ms":7,"by":"A"}"#,
        "\n",
        r#"{"type":"join","at_ms":0,"person":"p1","name":"Alice"}"#,
        "\n",
        r#"{"type":"stream","at_ms":120,"person":"p1","stream":"s","media_session_id":"m","source":"screen","audio":true,"video":true}"#,
        "\n",
        r#"{"type":"chat","at_ms":4000,"person":"p1","name":"Alice","text":"hello"}"#,
        "\n",
        r#"{"type":"unstream","at_ms":8000,"media_session_id":"m"}"#,
        "\n",
        r#"{"type":"leave","at_ms":9000,"person":"p1"}"#,
        "\n",
        r#"{"type":"end","at_ms":9500}"#,
        "\n"
    );
    write("journal", "whole", journal.as_bytes())?;
    let offer = concat!(
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendrecv\r\n",
        "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n",
        "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n",
        "a=setup:actpass\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n",
        "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n",
        "a=ssrc-group:FID 1 2\r\na=ssrc:1 cname:x\r\na=ssrc:2 cname:x\r\n"
    );
    write("sdp", "offer", offer.as_bytes())?;
    let messages = [
        r#"{"message":"connection","data":[{"mediaProviders":["WebRTC"],"clientVersion":"2.0","custom":{"login":"Alice"}}]}"#,
        r#"{"message":"sendData","data":[{"operationId":"1","payload":{"name":"room","info":{"text":"x"}}}]}"#,
        r#"{"message":"publishStream","data":[{"mediaSessionId":"m","name":"s","sdp":"v=0","hasVideo":true,"hasAudio":true}]}"#,
    ];
    for (n, message) in messages.iter().enumerate() {
        write("signal", &n.to_string(), message.as_bytes())?;
    }
    for codec in 0..4_u8 {
        let mut packets = vec![codec];
        for n in 0..6_u8 {
            // In order, with marker; a descriptor and a start of a picture.
            packets.extend([
                0x22 | n & 1,
                33,
                12,
                0x90,
                0x80,
                1,
                0x10,
                2,
                0,
                0x9d,
                1,
                0x2a,
                16,
                0,
                16,
            ]);
        }
        write("intake", &codec.to_string(), &packets)?;
    }
    Ok(())
}

fn files(target: &str, container: Container) -> io::Result<()> {
    let tracks = vec![
        Track::video("v", VideoCodec::H264),
        Track::aac("a", &[0x12, 0x10], 1024).expect("a usual configuration"),
        Track::audio("o", AudioCodec::Opus),
        Track::text("t"),
    ];
    let mut writer = Writer::new(container, tracks);
    let mut bytes = writer.header();
    for fragment in 0..2_u64 {
        let mut samples = Vec::new();
        for n in 0..4_u64 {
            let at = Duration::from_millis(fragment * 200 + n * 40);
            for track in 0..4 {
                samples.push(Sample {
                    track,
                    at: if track == 0 {
                        at + Duration::from_millis(n % 3 * 40)
                    } else {
                        at
                    },
                    decode_at: at,
                    duration: Duration::from_millis(20),
                    keyframe: track > 0 || n == 0,
                    data: vec![b'x'; 8].into(),
                });
            }
        }
        bytes.extend(writer.fragment(&samples));
    }
    write(target, "open", &bytes)?;
    let extras = Extras {
        title: Some("t".to_owned()),
        chapters: vec![Chapter {
            at: Duration::ZERO,
            title: "c".to_owned(),
        }],
    };
    let (finished, _) = finish_bytes(&bytes, &extras).expect("it is whole");
    write(target, "finished", &finished)
}

/// Files as ffmpeg writes them.
fn foreign() -> io::Result<()> {
    let folder = Path::new("corpus").join("mp4");
    let source = "-v error -y -f lavfi -t 0.4 -i testsrc2=s=32x32:r=15 \
                  -f lavfi -t 0.4 -i sine=440 -c:v libx264 -bf 2 -pix_fmt yuv420p -c:a aac";
    for (name, flags) in [
        ("plain", "-f mp4"),
        ("quicktime", "-f mov"),
        ("offset", "-f mp4 -output_ts_offset 0.3"),
        ("hybrid", "-f mp4 -movflags frag_keyframe"),
        ("dash", "-f mp4 -movflags dash+delay_moov"),
    ] {
        let made = std::process::Command::new("ffmpeg")
            .args(source.split_whitespace())
            .args(flags.split_whitespace())
            .arg(folder.join(format!("ffmpeg-{name}")))
            .status()?;
        assert!(made.success(), "ffmpeg makes {name}");
    }
    Ok(())
}

fn write(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let folder = Path::new("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), bytes)
}
