//! The REST API about what was recorded. Its description for programs,
//! `/rest-api/openapi.json`, is made of the same code.

mod access;
mod away;
mod download;
mod failures;
mod openapi;
mod places;
mod refusal;
mod routes;
mod session;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use failures::Failures;
pub(crate) use places::Places;
pub(crate) use refusal::{Problem, Refusal};

use crate::http::Shared;

/// Bytes of a request's body: settings of a film are the largest.
const MAX_BODY: usize = 64 * 1024;

/// The routes, with those of `others`, which are for operators, too.
pub(crate) fn router(
    shared: &Arc<Shared>,
    others: OpenApiRouter<Arc<Shared>>,
) -> Router<Arc<Shared>> {
    let operators = OpenApiRouter::new()
        .routes(routes!(routes::list))
        .routes(routes!(routes::delete))
        .routes(routes!(routes::restore))
        .routes(routes!(routes::delete_forever))
        .routes(routes!(routes::mix, routes::cancel_mix))
        .routes(routes!(routes::link))
        .merge(others)
        .route_layer(from_fn_with_state(Arc::clone(shared), access::operators));
    let viewers = OpenApiRouter::new()
        .routes(routes!(routes::one))
        .routes(routes!(routes::thumbnail))
        .routes(routes!(download::file))
        .route_layer(from_fn_with_state(Arc::clone(shared), access::viewers));
    let open =
        OpenApiRouter::new().routes(routes!(session::log_in, session::look, session::log_out));
    let all = OpenApiRouter::with_openapi(openapi::Document::openapi())
        .merge(operators)
        .merge(viewers)
        .merge(open);
    let (router, mut document) = all.split_for_parts();
    openapi::complete(&mut document);
    router
        .merge(openapi::router(&document))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}
