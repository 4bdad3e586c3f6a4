//! The composed picture and sound of a meeting.
//!
//! Pure: pictures, samples, names and time go in, pictures and samples come out.
//! Nothing here decodes, reads a clock, keeps a thread or touches a disk (but for
//! [`Fonts::with_system`], which looks for fonts once). The same code makes the
//! film after a meeting and a mixed stream during one, and the same calls at the
//! same times give the same bytes.
//!
//! # Pictures
//!
//! ```
//! use std::time::Duration;
//! use veche_mix::{Mixer, Picture, Rotation, Settings, Source, SourceId, SourceKind};
//!
//! let mut mixer = Mixer::new(Settings::default());
//! let ann = SourceId(1);
//! mixer.join(ann, Source { name: "Ann".into(), kind: SourceKind::Camera, has_video: true });
//! // A decoder that knows the real size says so, and scales to what is wanted.
//! mixer.natural_size(ann, 1280, 720);
//! let wanted = mixer.wanted(ann).expect("somebody alone is in sight");
//! mixer.picture(ann, Picture::black(wanted.width, wanted.height), Rotation::None);
//! mixer.level(ann, 0.1);
//! let film = mixer.compose(Duration::from_millis(40));
//! assert_eq!((film.width(), film.height()), (1280, 720));
//! ```
//!
//! [`Mixer::compose`] is called once for each frame, with times that do not go
//! back. What was told since the last call takes effect then: tiles move to their
//! new places within [`Settings::animation`]. Only what changed is drawn again.
//!
//! # Sound
//!
//! [`AudioMixer`] takes each source's samples at absolute positions and gives
//! their sum, which never clips.

mod audio;
mod card;
mod chat;
pub mod colour;
mod draw;
mod image;
pub mod layout;
mod limiter;
mod mixer;
mod picture;
mod scale;
mod settings;
mod text;
mod title;
mod voice;

pub use audio::{AudioMixer, LeftOut, RATE, Sound};
pub use colour::{Matrix, Rgb, Yuv};
pub use image::{Image, ImageError, MAX_IMAGE_SIDE};
pub use layout::{Fit, custom};
pub use mixer::{Anchor, Mixer, Source, SourceId, SourceKind, Spot, Target};
pub use picture::{MAX_SIDE, Picture, PictureError, PictureMut, Planes, packed_len};
pub use scale::Rotation;
pub use settings::{DesktopAlign, Layout, Settings, TextPadding, UnknownAlign, UnknownLayout};
pub use text::Fonts;
pub use title::Title;
