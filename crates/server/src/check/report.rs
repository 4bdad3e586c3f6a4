use crate::config::ConfigError;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, not for everybody or not for long.
    Warning,
    /// Does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was looked at.
    pub what: &'static str,
    /// What was found.
    pub text: String,
    /// What to do about it.
    pub mend: Option<String>,
}

/// Everything that was looked at.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which it was looked at.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The report of a host whose settings cannot be read.
    pub fn of_config_error(error: &ConfigError) -> Self {
        let mut report = Self::default();
        report.broken(
            "settings",
            error.to_string(),
            "correct it; `veche config --example` explains every key",
        );
        report
    }

    pub(super) fn ok(&mut self, what: &'static str, text: impl Into<String>) {
        self.push(Level::Ok, what, text.into(), None);
    }

    pub(super) fn warn(
        &mut self,
        what: &'static str,
        text: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.push(Level::Warning, what, text.into(), Some(mend.into()));
    }

    pub(super) fn broken(
        &mut self,
        what: &'static str,
        text: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.push(Level::Broken, what, text.into(), Some(mend.into()));
    }

    fn push(&mut self, level: Level, what: &'static str, text: String, mend: Option<String>) {
        self.findings.push(Finding {
            level,
            what,
            text,
            mend,
        });
    }

    /// Whether the server would not work.
    pub fn is_broken(&self) -> bool {
        self.count(Level::Broken) > 0
    }

    fn count(&self, level: Level) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    }

    /// The report for a person.
    pub fn render(&self, colour: bool) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let (word, code) = match finding.level {
                Level::Ok => ("ok", "32"),
                Level::Warning => ("warning", "33"),
                Level::Broken => ("BROKEN", "1;31"),
            };
            let word = match colour {
                true => format!("\x1b[{code}m{word:<8}\x1b[0m"),
                false => format!("{word:<8}"),
            };
            // Texts of several lines stay under their own column.
            let body = finding.text.replace('\n', &format!("\n{:22}", ""));
            text.push_str(&format!("{word} {:<12} {body}\n", finding.what));
            if let Some(mend) = &finding.mend {
                text.push_str(&format!("{:22}-> {mend}\n", ""));
            }
        }
        text.push_str(
            &match (self.count(Level::Broken), self.count(Level::Warning)) {
                (0, 0) => "\nEverything is as it should be.\n".to_owned(),
                (0, warnings) => {
                    format!("\nIt works; {} to look at.\n", counted(warnings, "warning"))
                }
                (broken, _) => format!("\n{} to mend.\n", counted(broken, "thing")),
            },
        );
        text
    }
}

fn counted(n: usize, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        _ => format!("{n} {noun}s"),
    }
}
