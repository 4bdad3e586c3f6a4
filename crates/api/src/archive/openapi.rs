use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::http::Shared;

/// The tag of routes that ask the archive.
const RECORDINGS: &str = "recordings";

/// What stands above the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Veche",
        description = "Recordings of an open-source server for live rooms.",
        license(name = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "recordings", description = "What was recorded"),
        (name = "session", description = "Logging in, for pages"),
        (name = "live", description = "What happens now"),
    ),
    security(("token" = []), ("session" = [])),
    modifiers(&Schemes)
)]
pub(super) struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let mut add = |name: &str, scheme| components.add_security_scheme(name, scheme);
        let token = Http::new(HttpAuthScheme::Bearer);
        add("token", SecurityScheme::Http(token));
        let cookie = ApiKeyValue::new(super::session::COOKIE);
        add("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let link = ApiKeyValue::with_description(
            "signature",
            "Of a link to one recording, together with `expires`",
        );
        add("link", SecurityScheme::ApiKey(ApiKey::Query(link)));
    }
}

/// Adds what any of the routes may answer: to whoever is not let in, and where the
/// archive is asked, when it is asked too much.
pub(super) fn complete(document: &mut utoipa::openapi::OpenApi) {
    let problem = |description: &str| {
        let schema = Ref::from_schema_name("Problem");
        let content = ContentBuilder::new().schema(Some(schema)).build();
        ResponseBuilder::new()
            .description(description)
            .content("application/json", content)
            .build()
    };
    for item in document.paths.paths.values_mut() {
        let changing = [&mut item.post, &mut item.delete].into_iter().flatten();
        for operation in changing {
            let responses = &mut operation.responses.responses;
            responses.entry("403".to_owned()).or_insert_with(|| {
                problem("Sent with a session by another site's page (`cross_site`)").into()
            });
        }
        let all = [&mut item.get, &mut item.post, &mut item.delete];
        for operation in all.into_iter().flatten() {
            let responses = &mut operation.responses.responses;
            responses
                .entry("429".to_owned())
                .or_insert_with(|| problem("Too many wrong tokens").into());
            let tags = operation.tags.iter().flatten();
            if tags.into_iter().any(|tag| tag == RECORDINGS) {
                responses
                    .entry("503".to_owned())
                    .or_insert_with(|| problem("Too much is asked at once (`busy`)").into());
            }
        }
    }
}

/// Serves the document. It says nothing that the source does not.
pub(super) fn router(document: &utoipa::openapi::OpenApi) -> Router<Arc<Shared>> {
    // Of our own types: nothing in it can fail.
    let text = Bytes::from(document.to_pretty_json().unwrap_or_default());
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Router::new().route(
        "/rest-api/openapi.json",
        get(move || async move { (kind, text) }),
    )
}
