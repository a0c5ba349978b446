use super::super::counter::Kind;
use super::super::limits::Tries;
use super::*;

fn limits() -> Limits {
    let tries = Tries { pair: 2, login: 2, address: 2 };
    Limits::new(tries, vec![1_000, 3_000, 5_000], 60_000)
}

fn counted(name: u8) -> Counted {
    Counted { kind: Kind::Pair, key: [name; 16], tries: 2 }
}

/// Fails once, as soon as that is possible; tells how long it had to wait.
fn fail(memory: &Memory, now: &mut i64) -> i64 {
    let waited = match memory.admit(&[counted(1)], *now, &limits()) {
        Admission::Admitted => 0,
        Admission::Refused { wait, .. } => wait,
    };
    *now += waited;
    assert_eq!(memory.admit(&[counted(1)], *now, &limits()), Admission::Admitted);
    memory.settle(&[(counted(1), Fate::Failed)], *now, &limits());
    waited
}

#[test]
fn waits_grow_and_stay_at_the_last_until_all_is_forgotten() {
    let (memory, mut now) = (Memory::default(), 1_000_000);
    let waits: Vec<i64> = (0..6).map(|_| fail(&memory, &mut now)).collect();
    assert_eq!(waits, [0, 0, 1_000, 3_000, 5_000, 5_000]);
    now += 60_000;
    assert_eq!((fail(&memory, &mut now), fail(&memory, &mut now)), (0, 0));
}

#[test]
fn of_many_tries_after_a_wait_one_is_made() {
    let (memory, mut now) = (Memory::default(), 1_000_000);
    fail(&memory, &mut now);
    fail(&memory, &mut now);
    now += 1_000;
    assert_eq!(memory.admit(&[counted(1)], now, &limits()), Admission::Admitted);
    let refused = Admission::Refused { wait: 3_000, number: 0 };
    assert_eq!(memory.admit(&[counted(1)], now, &limits()), refused);
    memory.settle(&[(counted(1), Fate::Released)], now, &limits());
    assert_eq!(memory.admit(&[counted(1)], now, &limits()), Admission::Admitted);
    memory.settle(&[(counted(1), Fate::Forgotten)], now, &limits());
    assert_eq!((fail(&memory, &mut now), fail(&memory, &mut now)), (0, 0));
}

#[test]
fn a_clock_that_is_set_back_locks_nobody_for_longer() {
    let (memory, mut now) = (Memory::default(), 1_000_000_000);
    (0..4).for_each(|_| {
        fail(&memory, &mut now);
    });
    let earlier = now - 1_000_000;
    let refused = memory.admit(&[counted(1)], earlier, &limits());
    assert_eq!(refused, Admission::Refused { wait: 5_000, number: 0 });
}

#[test]
fn a_flood_of_names_takes_no_more_memory() {
    let memory = Memory::default();
    for name in 0..250_000_u32 {
        let mut key = Key::default();
        key[..4].copy_from_slice(&name.to_le_bytes());
        let one = Counted { key, ..counted(0) };
        memory.settle(&[(one, Fate::Failed)], 1_000_000 + i64::from(name / 10_000), &limits());
    }
    assert!(memory.lock().len() <= MOST);
    let mut last = Key::default();
    last[..4].copy_from_slice(&249_999_u32.to_le_bytes());
    assert!(memory.lock().contains_key(&last));
}
