//! The executable from outside: its files, its ports, its answers, its end.

mod check;
mod client;
mod command_line;
mod serve;
mod stop;
mod veche;
