use super::*;

const PAUSES: Pauses = Pauses {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(600),
};

/// The plan with a clock of its own.
struct World {
    plan: Plan,
    now: Instant,
}

impl World {
    fn new(at_a_time: usize) -> Self {
        Self {
            plan: Plan::new(at_a_time, PAUSES, 7),
            now: Instant::now(),
        }
    }

    fn with(at_a_time: usize, ids: &[&str]) -> Self {
        let mut world = Self::new(at_a_time);
        for id in ids {
            world.plan.add(id);
        }
        world
    }

    fn start(&mut self) -> Option<String> {
        self.plan.poll_start(self.now)
    }

    fn starts(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.start()).collect()
    }

    fn fail(&mut self, id: &str, kind: FaultKind) -> Duration {
        let fault = Fault::new(kind, "the storage is not reached");
        let ended = Ended::Failed(fault);
        self.plan.handle_end(id, ended, self.now).unwrap()
    }

    fn done(&mut self, id: &str) {
        self.plan.handle_success(id, self.now);
        assert_eq!(self.plan.handle_end(id, Ended::Done, self.now), None);
    }

    /// Until somebody may be begun with.
    fn wait(&mut self) -> Duration {
        let next = self.plan.next().expect("somebody waits");
        let waited = next.saturating_duration_since(self.now);
        self.now = self.now.max(next);
        waited
    }

    fn state(&self, id: &str) -> Option<Upload> {
        self.plan.state(id, self.now, 1_000_000)
    }
}

#[test]
fn recordings_are_carried_in_their_order_so_many_at_a_time() {
    let mut world = World::with(2, &["b", "a", "c", "b"]);
    assert_eq!(world.starts(), ["b", "a"]);
    assert_eq!(world.plan.next(), None);
    assert_eq!(world.plan.counts(), (1, 2));
    world.done("a");
    assert_eq!(world.starts(), ["c"]);
    world.done("b");
    world.done("c");
    assert_eq!(world.plan.counts(), (0, 0));
    assert_eq!(world.plan.next(), None);
}

#[test]
fn pauses_double_up_to_the_longest_and_never_end() {
    let mut world = World::with(1, &["a"]);
    let mut before = Duration::ZERO;
    for n in 0..100_u32 {
        assert_eq!(world.start().as_deref(), Some("a"), "attempt {n}");
        let told = world.fail("a", FaultKind::Line);
        assert_eq!(world.start(), None);
        let full = PAUSES
            .first
            .saturating_mul(1 << n.min(20))
            .min(PAUSES.longest);
        let waited = world.wait();
        assert!(
            waited >= full / 2 && waited <= full,
            "{waited:?} of {full:?}"
        );
        assert_eq!(waited, told);
        before += waited;
    }
    assert!(before > Duration::from_secs(10 * 3600));
}

#[test]
fn while_the_storage_fails_one_at_a_time_tries_and_all_get_their_turn() {
    let mut world = World::with(3, &["a", "b", "c"]);
    assert_eq!(world.starts(), ["a", "b", "c"]);
    for id in ["a", "b", "c"] {
        world.fail(id, FaultKind::Line);
    }
    let mut tried = Vec::new();
    let begun = world.now;
    while tried.len() < 30 {
        world.wait();
        let now = world.starts();
        assert_eq!(now.len(), 1, "{now:?}");
        world.fail(&now[0], FaultKind::Line);
        tried.extend(now);
    }
    for id in ["a", "b", "c"] {
        let times = tried.iter().filter(|one| *one == id).count();
        assert!((8..=12).contains(&times), "{tried:?}");
    }
    assert!(world.now - begun > Duration::from_secs(2 * 3600));
    // It is there again: everybody goes on.
    world.wait();
    let first = world.starts().remove(0);
    world.done(&first);
    world.wait();
    world.wait();
    assert_eq!(world.plan.counts(), (2, 0));
    world.now += PAUSES.longest;
    assert_eq!(world.starts().len(), 2);
}

#[test]
fn what_does_not_mend_by_itself_is_tried_seldom() {
    let mut world = World::with(2, &["a", "b"]);
    assert_eq!(world.start().as_deref(), Some("a"));
    let pause = world.fail("a", FaultKind::Refused);
    assert!(pause >= PAUSES.longest / 2, "{pause:?}");
    assert_eq!(world.start(), None, "the others would be refused, too");
    assert!(world.wait() >= PAUSES.longest / 2);
    assert_eq!(world.starts(), ["b"]);
}

#[test]
fn a_recording_that_alone_is_refused_holds_nobody_up_for_long() {
    let mut world = World::with(1, &["bad", "b", "c", "d"]);
    assert_eq!(world.start().as_deref(), Some("bad"));
    world.fail("bad", FaultKind::Refused);
    world.wait();
    for id in ["b", "c"] {
        world.now += Duration::from_secs(1);
        assert_eq!(world.start().as_deref(), Some(id));
        world.done(id);
    }
    world.now += PAUSES.longest;
    // Its turn comes after the others'.
    assert_eq!(world.start().as_deref(), Some("d"));
    world.done("d");
    assert_eq!(world.start().as_deref(), Some("bad"));
    world.fail("bad", FaultKind::Refused);
    world.plan.add("e");
    assert_eq!(world.start().as_deref(), Some("e"), "at once");
}

#[test]
fn a_file_that_cannot_be_read_is_no_fault_of_the_storage() {
    let mut world = World::with(1, &["a", "b"]);
    world.start();
    world.fail("a", FaultKind::File);
    assert_eq!(world.start().as_deref(), Some("b"));
}

#[test]
fn what_arrives_ends_the_long_pauses() {
    let mut world = World::with(1, &["a"]);
    for _ in 0..20 {
        world.start();
        world.fail("a", FaultKind::Line);
        world.wait();
    }
    assert_eq!(world.start().as_deref(), Some("a"));
    world.plan.handle_success("a", world.now);
    let pause = world.fail("a", FaultKind::Line);
    assert!(pause <= PAUSES.first, "{pause:?}");
}

#[test]
fn one_that_changes_while_it_is_carried_is_looked_at_once_more() {
    let mut world = World::with(1, &["a"]);
    assert_eq!(world.starts(), ["a"]);
    world.plan.add("a");
    assert_eq!(world.start(), None);
    world.done("a");
    assert_eq!(world.starts(), ["a"]);
    world.done("a");
    assert_eq!(world.start(), None);
}

#[test]
fn what_was_deleted_is_stopped_and_begun_again_only_if_somebody_wants_that() {
    let mut world = World::with(1, &["a", "b"]);
    assert_eq!(world.starts(), ["a"]);
    world.plan.remove("b");
    world.plan.add("a");
    world.plan.remove("a");
    let stopped = Ended::Stopped;
    assert_eq!(world.plan.handle_end("a", stopped.clone(), world.now), None);
    assert_eq!(world.plan.counts(), (0, 0));
    world.plan.add("a");
    assert_eq!(world.starts(), ["a"]);
    // Deleted for good: its copies have to go.
    world.plan.add("a");
    world.plan.handle_end("a", stopped, world.now);
    assert_eq!(world.starts(), ["a"]);
}

#[test]
fn somebody_who_asks_does_not_wait_for_the_pause() {
    let mut world = World::with(1, &["a"]);
    world.start();
    world.fail("a", FaultKind::File);
    world.plan.add("a");
    assert_eq!(world.start(), None);
    world.plan.add_now("a");
    assert_eq!(world.start().as_deref(), Some("a"));
}

#[test]
fn everybody_sees_how_far_it_is() {
    let mut world = World::with(1, &["a", "b"]);
    world.start();
    let shown = |world: &World, id| world.state(id).map(|upload| upload.state);
    assert_eq!(shown(&world, "a"), Some(UploadState::Uploading));
    assert_eq!(shown(&world, "b"), Some(UploadState::Waiting));
    assert_eq!(shown(&world, "c"), None);
    assert_eq!(world.state("a").unwrap().progress, 0.0);
    world.plan.handle_progress("a", 42, 100);
    assert_eq!(world.state("a").unwrap().progress, 0.42);
    world.plan.handle_progress("a", 200, 100);
    assert_eq!(world.state("a").unwrap().progress, 1.0);
    let pause = world.fail("a", FaultKind::Line);
    let failed = world.state("a").unwrap();
    assert_eq!(failed.state, UploadState::Failed);
    assert_eq!(failed.error.as_deref(), Some("the storage is not reached"));
    let at = 1_000_000 + pause.as_millis() as u64;
    assert_eq!(failed.retry_at_ms, Some(at));
    world.now += pause;
    assert_eq!(world.state("a").unwrap().retry_at_ms, Some(1_000_000));
}
