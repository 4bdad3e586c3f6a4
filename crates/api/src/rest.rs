//! The REST API about what happens now. What was recorded: [`crate::archive`].

mod multi_recorder;
mod operate;

pub(crate) use operate::router;
