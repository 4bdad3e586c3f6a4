use std::collections::VecDeque;

/// A line through the sender reports of one track: media time to NTP time.
#[derive(Clone, Debug, Default)]
pub(super) struct ReportFit {
    /// Media time, and NTP time minus media time: small numbers, kept precise.
    points: VecDeque<(f64, f64)>,
    mean_x: f64,
    mean_y: f64,
    slope: f64,
    /// A report that does not fit, until the next says who is right.
    suspect: Option<(f64, f64)>,
    /// How far the NTP clock was set ahead since the beginning.
    set_ahead: f64,
}

/// What a report did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fitted {
    /// The line took it in, or waits for another.
    Smoothly,
    /// The line was given up for another, which is higher by so much.
    Stepped { by: f64 },
}

/// Seconds of reports that the line goes through: browsers send one each 1
/// (video) to 5 (audio) seconds, each some milliseconds off.
const WINDOW: f64 = 60.0;
/// Reports that come faster say nothing new.
const MIN_DISTANCE: f64 = 0.4;
/// So many at most: [`WINDOW`] / [`MIN_DISTANCE`].
const MAX_POINTS: usize = 150;
/// No clock is worse; a line that is steeper comes of noise.
const MAX_SKEW: f64 = 1_000e-6;
/// The weight of the expectation that clocks agree: reports that are 10 ms off
/// against clocks that are 300 ppm off, squared.
const PRIOR: f64 = 1_100.0;
/// A report further from the line is a mistake or the beginning of another line.
pub(super) const MAX_RESIDUAL: f64 = 0.1;
/// The same where there is no line yet: frames are late by their queues.
const MAX_ARRIVAL_RESIDUAL: f64 = 2.0;

impl ReportFit {
    /// NTP time at a media time. `None` before the first report.
    pub(super) fn at(&self, media: f64) -> Option<f64> {
        (!self.points.is_empty()).then(|| {
            let since = (media - self.mean_x).clamp(-10.0 * WINDOW, 10.0 * WINDOW);
            media + self.mean_y + self.slope * since
        })
    }

    /// The timestamps begin anew: what reports said of them is void.
    pub(super) fn forget(&mut self) {
        self.points.clear();
        self.suspect = None;
    }

    /// Takes a report. Before the first one, or after [`Self::forget`],
    /// `by_arrival` is the NTP time that the frames' arrival makes likely.
    pub(super) fn add(&mut self, media: f64, ntp: f64, by_arrival: Option<f64>) -> Fitted {
        let ntp = ntp - self.set_ahead;
        let point = (media, ntp - media);
        let (expected, tolerance) = match (self.at(media), by_arrival) {
            (Some(expected), _) => (expected, MAX_RESIDUAL),
            (None, Some(expected)) => (expected, MAX_ARRIVAL_RESIDUAL),
            (None, None) => (ntp, MAX_RESIDUAL),
        };
        let residual = ntp - expected;
        if residual.abs() > tolerance {
            return match self.suspect.replace(point) {
                Some(earlier)
                    if (earlier.1 - point.1).abs() < MAX_RESIDUAL / 2.0 && earlier.0 < point.0 =>
                {
                    self.suspect = None;
                    self.points = VecDeque::from([earlier, point]);
                    self.solve();
                    Fitted::Stepped { by: residual }
                }
                _ => Fitted::Smoothly,
            };
        }
        self.suspect = None;
        if self
            .points
            .back()
            .is_some_and(|last| point.0 - last.0 < MIN_DISTANCE)
        {
            return Fitted::Smoothly;
        }
        while self.points.len() >= MAX_POINTS
            || (self.points.len() > 4
                && self
                    .points
                    .front()
                    .is_some_and(|first| point.0 - first.0 > WINDOW))
        {
            self.points.pop_front();
        }
        self.points.push_back(point);
        self.solve();
        Fitted::Smoothly
    }

    /// The NTP clock was set ahead by so much: go on as if it had not been.
    pub(super) fn set_back(&mut self, by: f64) {
        for point in &mut self.points {
            point.1 -= by;
        }
        self.mean_y -= by;
        self.set_ahead += by;
    }

    /// Least squares, the slope drawn to nought (ridge regression).
    fn solve(&mut self) {
        #[allow(clippy::cast_precision_loss)]
        let count = self.points.len() as f64;
        self.mean_x = self.points.iter().map(|p| p.0).sum::<f64>() / count;
        self.mean_y = self.points.iter().map(|p| p.1).sum::<f64>() / count;
        let (mut xx, mut xy) = (0.0, 0.0);
        for (x, y) in &self.points {
            xx += (x - self.mean_x).powi(2);
            xy += (x - self.mean_x) * (y - self.mean_y);
        }
        self.slope = (xy / (xx + PRIOR)).clamp(-MAX_SKEW, MAX_SKEW);
    }
}
