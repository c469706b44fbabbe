//! From rows to files, a million VM rows over all inventory tables: `cargo bench --bench tables`.
//!
//! 1. `parquet`: CPU, wall and peak memory beside a bare `ArrowWriter` on ready batches of
//!    65,536 rows, which are the rows that we publish, with the same properties: of our writer
//!    from rows in memory (stamp, encode, hash, store, commit; wanted: at most 1.2 times its CPU),
//!    and of the whole way of a run (spool, census and that).
//! 2. `peers PYTHON`: rows a second beside pyarrow, DuckDB and Polars, which write the same
//!    rows out of their own memory; `tests/bench/parquet_peers.sh` installs them and calls
//!    this. Wanted: at least the best of them, on two cores.
//! 3. `xlsx`: the same rows, and those of the derived tables, as a workbook.
//!
//! Each measurement is a process of its own, so that peaks do not mix; the rounds interleave.
//! Making up the rows is paused out of wall and CPU. `LUSTRUM_BENCH_ROWS` and
//! `LUSTRUM_BENCH_ROUNDS` make it smaller or longer.

#![expect(clippy::disallowed_macros, reason = "a bench prints its ratios")]

mod meter;
mod table_rows;
mod table_work;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::Command;

use lustrum::tables::catalogue::INVENTORY;

use crate::meter::Said;

type Outcome<T> = Result<T, Box<dyn Error>>;

const VM_ROWS: usize = 1_000_000;
const ROUNDS: usize = 3;
/// Of a bare writer's, from rows in memory.
const MOST_CPU: f64 = 1.2;
/// Of the best peer's rows a second, from rows in memory.
const LEAST_RATE: f64 = 1.0;
const PEERS: [&str; 3] = ["pyarrow", "duckdb", "polars"];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["child", what, hosts, folder] => {
            let said = table_work::work(what, hosts.parse()?, Path::new(folder))?;
            println!("{}", serde_json::to_string(&said)?);
            Ok(())
        }
        ["peers", python] => peers(python),
        ["peers"] => Err("run tests/bench/parquet_peers.sh: it installs the peers".into()),
        ["xlsx"] => xlsx(),
        ["parquet"] => parquet(),
        [] => parquet().and_then(|()| xlsx()),
        other => Err(format!("`{}`: expected parquet, peers or xlsx", other.join(" ")).into()),
    }
}

fn setting(name: &str, or: usize) -> Outcome<usize> {
    std::env::var(name).map_or(Ok(or), |text| Ok(text.parse()?))
}

/// Our way against the bare writer, in turns.
fn parquet() -> Outcome<()> {
    let hosts = introduce()?;
    let pairs = measured("pairs", hosts)?;
    let rounds = interleaved(&["bare", "ours"], |what| measured(what, hosts))?;
    println!("  cpu over that of a bare ArrowWriter on ready batches (wanted: at most 1.20)  median  least");
    let held = "from rows in memory to committed files";
    println!("    {held:<74} {:>6.2} {:>6.2}", pairs["ratio"], pairs["least_ratio"]);
    println!("  the same of a run, whose rows come from hosts and lie on disk meanwhile");
    for (part, said) in [
        ("spool", "writing the spool, while hosts answer"),
        ("census", "the census' walk through all rows"),
        ("files", "reading, completing, encoding, hashing, storing, committing"),
        ("filed", "the last two: from rows in the spool to committed files"),
        ("all", "all: from rows as collected to committed files"),
    ] {
        let pairs = rounds["ours"].iter().zip(&rounds["bare"]);
        let ratios = pairs.map(|(ours, bare)| ours[&format!("{part}_cpu_ms")] / bare["bare_cpu_ms"]);
        let (least, median) = quantiles(ratios);
        println!("    {said:<74} {median:>6.2} {least:>6.2}");
    }
    println!(
        "  peak memory: ours {:.0} MiB",
        quantiles(rounds["ours"].iter().map(|said| said["peak_mib"])).1
    );
    if pairs["ratio"] > MOST_CPU {
        return Err(
            format!("from rows in memory: {:.2} times the cpu of a bare writer", pairs["ratio"]).into()
        );
    }
    Ok(())
}

/// Our way against other people's writers, in turns.
fn peers(python: &str) -> Outcome<()> {
    let hosts = introduce()?;
    let rows = tempfile::tempdir()?;
    run(Command::new(std::env::current_exe()?)
        .args(["child", "export", &hosts.to_string()])
        .arg(rows.path()))?;
    let rounds = interleaved(&[PEERS[0], PEERS[1], PEERS[2], "held", "ours"], |what| match what {
        "held" | "ours" => measured(what, hosts),
        peer => beside(python, peer, rows.path()),
    })?;
    let rate = |what: &str, wall: &str| {
        let (slow, median) = quantiles(rounds[what].iter().map(|said| -said["rows"] / said[wall] * 1e3));
        (-median, -slow)
    };
    println!("  rows a second                                              median      best");
    let print = |who: &str, (median, best): (f64, f64)| println!("    {who:<52} {median:>9.0} {best:>9.0}");
    for peer in PEERS {
        print(&format!("{peer}, from its own memory to files"), rate(peer, "wall_ms"));
    }
    let best = PEERS.map(|peer| rate(peer, "wall_ms").0).into_iter().fold(0.0, f64::max);
    let ways = [
        ("held", "held_wall_ms", "ours, from memory to committed files"),
        ("ours", "files_wall_ms", "ours, after the census' walk"),
        ("ours", "filed_wall_ms", "ours, from the spool to committed files"),
        ("ours", "all_wall_ms", "ours, with the spool's writing"),
    ];
    for (who, wall, way) in ways {
        print(way, rate(who, wall));
    }
    println!("  ours over the best of them (wanted: at least 1.00)");
    for (who, wall, way) in ways {
        println!("    {way:<52} {:>9.2}", rate(who, wall).0 / best);
    }
    let held = rate("held", "held_wall_ms").0 / best;
    if held < LEAST_RATE {
        return Err(format!("from rows in memory: {held:.2} times the rows a second of the best peer").into());
    }
    Ok(())
}

fn xlsx() -> Outcome<()> {
    let hosts = introduce()?;
    let said = measured("xlsx", hosts)?;
    println!("  workbook: {}", shown(&said));
    println!(
        "  {:.0} rows/s, {:.1} us of cpu a row",
        said["rows"] / said["xlsx_wall_ms"] * 1e3,
        said["xlsx_cpu_ms"] / said["rows"] * 1e3
    );
    Ok(())
}

/// Every one once, then again.
fn interleaved(
    all: &[&'static str],
    measure: impl Fn(&str) -> Outcome<Said>,
) -> Outcome<BTreeMap<&'static str, Vec<Said>>> {
    let mut rounds: BTreeMap<_, Vec<Said>> = BTreeMap::new();
    for round in 1..=setting("LUSTRUM_BENCH_ROUNDS", ROUNDS)? {
        for what in all.iter().copied() {
            let said = measure(what)?;
            println!("  round {round} {what:>7}: {}", shown(&said));
            rounds.entry(what).or_default().push(said);
        }
    }
    Ok(rounds)
}

fn introduce() -> Outcome<usize> {
    let hosts = table_rows::hosts_for(setting("LUSTRUM_BENCH_ROWS", VM_ROWS)?);
    let cores = std::thread::available_parallelism()?;
    println!(
        "{} hosts with {} VMs, {} tables, {cores} cores",
        hosts,
        table_rows::VMS_PER_HOST,
        INVENTORY.len()
    );
    Ok(hosts)
}

/// One measurement in a process and folder of its own.
fn measured(what: &str, hosts: usize) -> Outcome<Said> {
    let folder = tempfile::tempdir()?;
    run(Command::new(std::env::current_exe()?).args(["child", what, &hosts.to_string()]).arg(folder.path()))
}

fn beside(python: &str, peer: &str, rows: &Path) -> Outcome<Said> {
    let folder = tempfile::tempdir()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/parquet_peers.py");
    run(Command::new(python).arg(script).arg(peer).arg(rows).arg(folder.path()))
}

/// The last line that a process prints is a JSON object of numbers.
fn run(command: &mut Command) -> Outcome<Said> {
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (told, line) = text.trim_end().rsplit_once('\n').unwrap_or(("", text.trim_end()));
    if !output.status.success() {
        return Err(format!("{command:?} failed").into());
    }
    told.lines().for_each(|line| println!("{line}"));
    Ok(serde_json::from_str(line)?)
}

fn shown(said: &Said) -> String {
    said.iter().map(|(name, value)| format!("{name} {value:.0}")).collect::<Vec<_>>().join(", ")
}

/// The least and the median.
fn quantiles(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2])
}
