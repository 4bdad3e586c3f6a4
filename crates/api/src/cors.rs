use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::CorsLayer;

use crate::Cors;

impl Cors {
    /// Whether it can be told to browsers.
    ///
    /// # Errors
    /// Which part cannot, and why.
    pub fn check(&self) -> Result<(), String> {
        self.layer().map(drop)
    }

    pub(crate) fn layer(&self) -> Result<CorsLayer, String> {
        let origin: HeaderValue = self
            .origin
            .parse()
            .map_err(|_| format!("allow_origin: \"{}\" is not an origin", self.origin))?;
        let headers = items(&self.headers)
            .map(|name| {
                let name: Result<HeaderName, _> = name.parse();
                name.map_err(|error| format!("allow_headers: {error}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let methods = items(&self.methods)
            .map(|name| {
                let method: Result<Method, _> = name.to_uppercase().parse();
                method.map_err(|error| format!("allow_methods: {error}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        // An exact origin is the only one that any answer is for.
        let layer = CorsLayer::new()
            .allow_headers(headers)
            .allow_methods(methods);
        Ok(match self.origin.as_str() {
            "*" => layer.allow_origin(tower_http::cors::Any),
            _ => layer.allow_origin([origin]),
        })
    }
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}
