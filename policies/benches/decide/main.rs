//! The cost of a decision, cached and uncached, compared with casbin alone; the cost of a write.
//!
//! The last line of output is JSON with the medians: times in nanoseconds, memory in MiB.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failure ends the benchmark")]

mod fixture;
mod memory;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use casbin::{CoreApi, Enforcer};
use criterion::{BenchmarkId, Criterion, SamplingMode};
use policies::{At, Change, Facts, Resource, Snapshot, Verdict, engine};

use fixture::{ROLES, caller, changes, resource, role, rule, snapshot};

const SIZES: [u32; 3] = [10, 1_000, 100_000];

fn main() {
    // Measured first, while the process is small.
    let memory = memory::of_a_policy(100_000);
    let mut criterion = Criterion::default()
        .output_directory(&reports())
        .without_plots()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    warm(&mut criterion);
    cold(&mut criterion);
    raw_casbin(&mut criterion);
    filter(&mut criterion);
    write(&mut criterion);
    build(&mut criterion);
    criterion.final_summary();
    println!("{}", summary(memory));
}

/// Cached: three roles and `anonymous`, two labels, a film that no rule names.
fn warm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("warm");
    for rules in SIZES {
        let snapshot = snapshot(rules);
        let set = caller(&snapshot);
        group.bench_function(BenchmarkId::from_parameter(rules), |bench| {
            bench.iter(|| {
                let film = Resource::new("film", black_box(Some("tt0111161")));
                let facts = Facts::labels(black_box(["label-3", "label-4"]));
                snapshot.decide(&set, "read", &film, &facts).unwrap()
            });
        });
    }
}

/// Uncached: one role and `anonymous`, a film that a rule names.
fn cold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cold");
    for rules in SIZES {
        let mut fresh = snapshot(rules);
        let mut decided = 0;
        group.bench_function(BenchmarkId::from_parameter(rules), |bench| {
            bench.iter_custom(|times| {
                let mut elapsed = Duration::ZERO;
                for _ in 0..times {
                    if decided == rules {
                        (fresh, decided) = (snapshot(rules), 0);
                    }
                    let set = fresh.role_set(&[role(decided / 7)]);
                    let film = resource(decided);
                    let start = Instant::now();
                    black_box(fresh.decide(&set, "read", &film, &Facts::labels([])).unwrap());
                    elapsed += start.elapsed();
                    decided += 1;
                }
                elapsed
            });
        });
    }
}

/// The same rules in one casbin enforcer; one resource without labels.
fn raw_casbin(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("casbin");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for rules in SIZES {
        let enforcer = reference(&snapshot(rules));
        group.bench_function(BenchmarkId::from_parameter(rules), |bench| {
            bench.iter(|| enforcer.enforce((engine::SUBJECT, "film:tt0111161", "read")).unwrap());
        });
    }
}

fn reference(snapshot: &Snapshot) -> Enforcer {
    let mut enforcer = engine::enforcer().unwrap();
    let mut rules: Vec<_> = snapshot.rules().collect();
    rules.sort_by_key(|rule| Verdict::of(rule));
    let model = enforcer.get_mut_model();
    for rule in rules {
        model.add_policy("p", "p", rule.row());
    }
    for held in ["role-1", "role-2", "role-3", "anonymous"] {
        model.add_policy("g", "g", vec![engine::SUBJECT.into(), held.into()]);
    }
    enforcer.build_role_links().unwrap();
    enforcer
}

/// A caller's filter with a warm table.
fn filter(criterion: &mut Criterion) {
    let snapshot = snapshot(10_000);
    let set = caller(&snapshot);
    criterion.benchmark_group("filter").bench_function("10000", |bench| {
        bench.iter(|| snapshot.filter(&set, "read", "film", At::SearchTime).unwrap());
    });
}

/// A change of one rule among 100,000, with every role's row in use.
fn write(criterion: &mut Criterion) {
    let mut snapshot = snapshot(100_000);
    for n in 0..ROLES * 100 {
        let set = snapshot.role_set(&[role(n % ROLES)]);
        snapshot.decide(&set, "read", &resource(n * 7), &Facts::labels([])).unwrap();
    }
    let mut group = criterion.benchmark_group("write");
    group.sample_size(20).sampling_mode(SamplingMode::Flat);
    let mut written = 0;
    group.bench_function("100000", |bench| {
        bench.iter(|| {
            written = (written + 1) % 90_000;
            let mut rule = rule(written);
            rule.priority += 1;
            snapshot = snapshot.next(2, &[Change::RuleSet(rule)]).unwrap();
        });
    });
}

/// Building a policy with 100,000 rules.
fn build(criterion: &mut Criterion) {
    let changes = changes(100_000);
    let mut group = criterion.benchmark_group("build");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.bench_function("100000", |bench| {
        bench.iter(|| Snapshot::empty([]).unwrap().next(1, &changes).unwrap());
    });
}

fn reports() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion")
}

/// The medians from criterion's reports; null for benchmarks that were not run.
fn summary([built, warm, swap]: [usize; 3]) -> serde_json::Value {
    let median = |name: &str| {
        let estimates = std::fs::read(reports().join(name).join("new/estimates.json")).ok()?;
        let estimates: serde_json::Value = serde_json::from_slice(&estimates).ok()?;
        estimates["median"]["point_estimate"].as_f64().map(f64::round)
    };
    let sized = |name: &str| SIZES.map(|rules| median(&format!("{name}/{rules}")));
    serde_json::json!({
        "rules": SIZES, "warm_ns": sized("warm"), "cold_ns": sized("cold"), "casbin_ns": sized("casbin"),
        "filter_10000_ns": median("filter/10000"), "write_100000_ns": median("write/100000"),
        "build_100000_ns": median("build/100000"),
        "memory_100000_mib": { "built": built, "warm": warm, "during_a_swap": swap },
    })
}
