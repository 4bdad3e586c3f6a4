//! Recordings, judged from outside: by ffprobe and ffmpeg, which must be there.

mod containers;
mod crash;
mod damage;
mod machine;
mod rooms;
mod stored;
mod support;
