use veche_transport::Stats;

/// Counters of the API, for `/metrics`.
#[derive(Debug, Default)]
pub struct Metrics {}

impl Metrics {
    /// The counters with those of the media engine, in Prometheus' text format.
    pub fn render_prometheus(&self, _engine: &Stats) -> String {
        String::new()
    }
}
