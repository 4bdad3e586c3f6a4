//! The REST API about what happens now. What was recorded: [`crate::archive`].

mod operate;

pub(crate) use operate::router;
