//! One fault after the other, under load.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::audit::{self, Audit};
use crate::clock::now;
use crate::faults::Fault;
use crate::load::Load;
use crate::recorder::Category;
use crate::report::{Report, Row};
use crate::site::{Places, Site};

/// Without a refusal for so long, the site is back to normal.
const QUIET: Duration = Duration::from_secs(3);

/// Before a fault begins, clients write without a pause for so long.
const HURRY: Duration = Duration::from_secs(1);

/// How long a site may take to get back to normal.
const LIMIT: Duration = Duration::from_secs(90);

/// Runs the faults and returns what they did.
pub(crate) async fn run(faults: &[&Fault], places: &Places) -> anyhow::Result<Report> {
    let begin = Instant::now();
    eprintln!("chaos: starting the site; logs are in {}", places.logs.display());
    let (mut site, load) = Site::open(places).await?;
    let load = Arc::new(load);
    load.ledger.book().following_since = Some(Instant::now());
    let clients = load.start();
    settle(&load, Instant::now()).await;
    let mut audit = Audit::default();
    let mut rows = Vec::new();
    for fault in faults {
        rows.push(one(fault, &mut site, &load, &mut audit).await?);
    }
    eprintln!("chaos: checking everything that was acknowledged");
    Audit::all(&load).await;
    drop(clients);
    rows.push(Row {
        fault: "after all of them",
        recovery: Duration::ZERO,
        refused: BTreeMap::new(),
        labelled: Duration::ZERO,
        refusals: load.recorder.take_refusals(),
        findings: load.recorder.take_findings(),
    });
    Ok(report(&load, rows, begin))
}

async fn one(
    fault: &Fault,
    site: &mut Site,
    load: &Load,
    audit: &mut Audit,
) -> anyhow::Result<Row> {
    eprintln!("chaos: {}", fault.name);
    let (since, since_clock) = (Instant::now(), now());
    load.recorder.forget();
    if fault.stops_following() {
        load.ledger.book().following_since = None;
    }
    load.hurries.store(true, Ordering::Relaxed);
    tokio::time::sleep(HURRY).await;
    fault.inject(site, load).await?;
    load.hurries.store(false, Ordering::Relaxed);
    tokio::time::sleep(fault.duration()).await;
    fault.heal(site, load).await?;
    let healed = Instant::now();
    let recovery = settle(load, healed).await;
    load.ledger.book().following_since.get_or_insert_with(Instant::now);
    let labelled = audit::labels(load, &site.stores, since_clock).await;
    audit.recent(load).await;
    let refused = load.recorder.longest_stretches();
    eprintln!(
        "chaos: {}: recovered {:.1} s after its end, {:.0} s in all",
        fault.name,
        recovery.as_secs_f64(),
        since.elapsed().as_secs_f64()
    );
    Ok(Row {
        fault: fault.name,
        recovery,
        refused,
        labelled,
        refusals: load.recorder.take_refusals(),
        findings: load.recorder.take_findings(),
    })
}

/// Waits until no client is refused any more. Returns how long after `since` the last one was.
async fn settle(load: &Load, since: Instant) -> Duration {
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let Some(quiet_from) = Instant::now().checked_sub(QUIET) else { continue };
        match load.recorder.settled(since, quiet_from) {
            Ok(settled) => return settled - since,
            Err(waiting) if since.elapsed() > LIMIT => {
                let text = format!("after {LIMIT:?}: {}", waiting.join(", "));
                load.recorder.find(Category::NotRecovered, text);
                return since.elapsed();
            }
            Err(_) => {}
        }
    }
}

fn report(load: &Load, rows: Vec<Row>, begin: Instant) -> Report {
    let book = load.ledger.book();
    let acknowledged = BTreeMap::from([
        ("accounts", book.accounts.len()),
        ("policy_writes_and_logouts", book.facts.len()),
        ("films", book.films.len()),
        ("favorites", book.favorites.len()),
    ]);
    let lost = Report::count(&rows, |category| category == Category::Lost);
    let wrongly_allowed = Report::count(&rows, |category| category == Category::WronglyAllowed);
    let all = Report::count(&rows, |_| true);
    Report {
        chaos: "site",
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        seconds: begin.elapsed().as_secs(),
        requests: load.recorder.requests(),
        acknowledged,
        lost,
        wrongly_allowed,
        other_findings: all - lost - wrongly_allowed,
        faults: rows,
    }
}
