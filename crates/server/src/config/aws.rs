use std::collections::BTreeMap;

use toml::{Table, Value};
use veche_archive::upload::ROLE_VARIABLES;

use super::keys::set;
use super::{Secret, Source};

/// What Amazon's variables say besides our own keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aws {
    /// Of a temporary key, if that is taken from there.
    pub session_token: Secret,
    /// Where a role of the machine or the container is asked for.
    pub role: Vec<(String, String)>,
}

const URL: &str = "record_upload_url";
const ID: &str = "record_upload_access_key_id";
const SECRET: &str = "record_upload_secret_access_key";

/// Variables that fill what nobody set, the first of them that is there.
const FILLS: [(&str, &[&str]); 2] = [
    (
        "record_upload_region",
        &["AWS_REGION", "AWS_DEFAULT_REGION"],
    ),
    (
        "record_upload_endpoint",
        &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
    ),
];

/// Takes over what is not set otherwise, if recordings are uploaded at all.
pub(super) fn fill(
    variables: &[(String, String)],
    table: &mut Table,
    set_by: &mut BTreeMap<String, Source>,
) {
    let is_set = |table: &Table, key: &str| {
        let value = table.get(key).and_then(Value::as_str);
        value.is_some_and(|value| !value.is_empty())
    };
    if !is_set(table, URL) {
        return;
    }
    let mut take = |table: &mut Table, key: &str, name: &str| {
        let Some(value) = value(variables, name) else {
            return false;
        };
        set(table, key, Value::String(value.to_owned()));
        set_by.insert(key.to_owned(), Source::Environment(name.to_owned()));
        true
    };
    // A key of ours does not go with a secret of somebody else's.
    if !is_set(table, ID) && !is_set(table, SECRET) {
        take(table, ID, "AWS_ACCESS_KEY_ID");
        take(table, SECRET, "AWS_SECRET_ACCESS_KEY");
    }
    for (key, names) in FILLS {
        if !is_set(table, key) {
            let _ = names.iter().any(|name| take(table, key, name));
        }
    }
}

/// What has no key of ours.
pub(super) fn read(variables: &[(String, String)], set_by: &BTreeMap<String, Source>) -> Aws {
    let of = |name: &str| value(variables, name).map(|value| (name.to_owned(), value.to_owned()));
    let theirs = Some(&Source::Environment("AWS_ACCESS_KEY_ID".to_owned()));
    let token = value(variables, "AWS_SESSION_TOKEN").filter(|_| set_by.get(ID) == theirs);
    Aws {
        session_token: Secret(token.unwrap_or_default().to_owned()),
        role: ROLE_VARIABLES.into_iter().filter_map(of).collect(),
    }
}

/// An empty variable is how service files unset one.
fn value<'a>(variables: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = variables.iter().find(|(found, _)| found == name);
    found
        .map(|(_, value)| value.trim())
        .filter(|v| !v.is_empty())
}
