//! The API's description of itself, and what is held against it.

use serde_json::Value;

use crate::server::{Answer, Server};

#[derive(Default)]
pub struct Document(pub Value);

impl Document {
    /// Fails unless the route, the status and the form of the answer are described.
    pub fn check(&self, method: &str, path: &str, answer: &Answer) {
        let asked = path.split('?').next().unwrap();
        let (template, item) = self
            .paths()
            .find(|(template, _)| matches(template, asked))
            .unwrap_or_else(|| panic!("{asked} is not described"));
        let what = format!("{method} {template}: {}", answer.status);
        let method = match method {
            "HEAD" => "get".to_owned(),
            other => other.to_lowercase(),
        };
        let described = &item[&method]["responses"][answer.status.to_string()];
        assert!(described.is_object(), "{what} is not described");
        let kind = answer.header("content-type").unwrap_or_default();
        match &described["content"]["application/json"]["schema"] {
            Value::Null => assert_ne!(kind, "application/json", "{what} has JSON"),
            schema => {
                assert_eq!(kind, "application/json", "{what}");
                if let Err(why) = self.valid(schema, &answer.json()) {
                    panic!("{what}: {why}\n{}", answer.json());
                }
            }
        }
    }

    pub fn paths(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0["paths"].as_object().unwrap().iter()
    }

    /// As much of JSON Schema as the description uses. Properties that it does
    /// not name are errors, too: nothing is said that is not described.
    fn valid(&self, schema: &Value, value: &Value) -> Result<(), String> {
        if let Some(name) = schema["$ref"].as_str() {
            let pointer = name.trim_start_matches('#');
            let target = self
                .0
                .pointer(pointer)
                .ok_or(format!("{name} is missing"))?;
            return self.valid(target, value);
        }
        if let Some(any) = schema["oneOf"].as_array() {
            let fits = any
                .iter()
                .filter(|one| self.valid(one, value).is_ok())
                .count();
            return match fits {
                1 => Ok(()),
                _ => Err(format!("{value} fits {fits} of {schema}")),
            };
        }
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let named = |kind: &Value| kind == is || (kind == "number" && is == "integer");
        let fits = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(named),
            kind => named(kind),
        };
        if !fits {
            return Err(format!("{value} is no {}", schema["type"]));
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            return Err(format!("{value} is none of {allowed:?}"));
        }
        if let Some(items) = value.as_array() {
            for item in items {
                self.valid(&schema["items"], item)?;
            }
        }
        let Some(object) = value.as_object() else {
            return Ok(());
        };
        let properties = &schema["properties"];
        for (key, value) in object {
            let schema = &properties[key];
            if schema.is_null() {
                return Err(format!("{key} is not described"));
            }
            self.valid(schema, value)
                .map_err(|why| format!("{key}: {why}"))?;
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            if !object.contains_key(required.as_str().unwrap()) {
                return Err(format!("{required} is missing"));
            }
        }
        Ok(())
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template
            .zip(path)
            .all(|(part, found)| part == found || part.starts_with('{'))
}

#[tokio::test]
async fn every_route_is_described_and_every_described_one_is_there() {
    let server = Server::start().await;
    let document = server.document();
    let mut all: Vec<String> = document
        .paths()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(move |method| format!("{method} {path}"))
        })
        .collect();
    all.sort();
    for route in &all {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", "x").replace("{name}", "x");
        let answer = server.ask(&method.to_uppercase(), &path, None).await;
        // A route that is not there has another 404, and no code.
        if answer.status == 404 {
            assert!(answer.json()["code"].is_string(), "{route}");
        }
        assert_ne!(answer.status, 405, "{route}");
    }
    // Every one of the contract.
    for route in [
        "delete /rest-api/recordings/{id}",
        "delete /rest-api/recordings/{id}/forever",
        "delete /rest-api/recordings/{id}/mix",
        "delete /rest-api/session",
        "get /client/records/{name}",
        "get /rest-api/recordings",
        "get /rest-api/recordings/{id}",
        "get /rest-api/recordings/{id}/thumbnail",
        "get /rest-api/session",
        "post /rest-api/recordings/{id}/link",
        "post /rest-api/recordings/{id}/mix",
        "post /rest-api/recordings/{id}/restore",
        "post /rest-api/session",
        "post /rest-api/stream/startRecording",
        "post /rest-api/stream/stopRecording",
    ] {
        assert!(all.iter().any(|one| one == route), "{route}");
    }
}

#[test]
fn an_answer_that_is_not_as_described_is_found() {
    let document = serde_json::json!({"paths": {"/a/{id}": {"get": {"responses": {"200": {
        "content": {"application/json": {"schema": {
            "type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}
        }}}
    }}}}}});
    let check = |path: &str, status, body: &str| {
        let document = Document(document.clone());
        let answer = Answer {
            status,
            headers: "HTTP/1.1 200 OK\r\ncontent-type: application/json".to_owned(),
            body: body.as_bytes().to_vec(),
        };
        let path = path.to_owned();
        std::panic::catch_unwind(move || document.check("GET", &path, &answer)).is_ok()
    };
    assert!(check("/a/x?q=1", 200, "{\"n\":1}"));
    assert!(!check("/b", 200, "{\"n\":1}"));
    assert!(!check("/a/x", 404, "{\"n\":1}"));
    for body in ["{\"n\":\"1\"}", "{}", "{\"n\":1,\"m\":1}", "[]"] {
        assert!(!check("/a/x", 200, body), "{body}");
    }
}
