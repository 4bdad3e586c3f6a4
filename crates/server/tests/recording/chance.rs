//! Random moments that can be had again.

/// From `VECHE_SEED`, or by chance; says which.
pub fn chance() -> fastrand::Rng {
    let seed = std::env::var("VECHE_SEED").ok();
    let seed = seed.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("VECHE_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// How often something is done: as this variable says, or so.
pub fn times(variable: &str, usual: usize) -> usize {
    let times = std::env::var(variable).ok();
    times.map_or(usual, |times| times.parse().unwrap())
}
