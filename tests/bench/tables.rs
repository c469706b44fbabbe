//! From rows to files, a million VM rows over all inventory tables: `cargo bench --bench tables`.
//!
//! 1. `parquet`: CPU, wall and peak memory of the pipeline (spool, read back, encode, hash,
//!    store, commit) beside a bare `ArrowWriter` on ready batches of 65,536 rows with the
//!    same properties. Wanted: at most 1.2 times its CPU.
//! 2. `peers PYTHON`: rows a second of the same pipeline beside pyarrow, DuckDB and Polars,
//!    which write the same rows out of their own memory; `tests/bench/parquet_peers.sh`
//!    installs them and calls this. Wanted: at least the best of them, on two cores.
//! 3. `xlsx`: the same rows as a workbook.
//!
//! Each measurement is a process of its own, so that peaks do not mix; the rounds interleave.
//! Making up the rows is paused out of wall and CPU. `LUSTRUM_BENCH_ROWS` and
//! `LUSTRUM_BENCH_ROUNDS` make it smaller or longer.

#![expect(clippy::disallowed_macros, reason = "a bench prints its ratios")]

mod table_rows;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use lustrum::model::event::RunHeader;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::output::commit::commit;
use lustrum::output::draft::Draft;
use lustrum::output::published::Published;
use lustrum::output::source::TableSource;
use lustrum::output::spool::Spool;
use lustrum::output::spooled::{KeptOn, Spooled};
use lustrum::output::store::Store;
use lustrum::output::writer::{TableFormat, write_table};
use lustrum::tables::catalogue::INVENTORY;
use lustrum::tables::table::{RowBatch, TableSpec};
use parquet::arrow::ArrowWriter;

type Outcome<T> = Result<T, Box<dyn Error>>;

const VM_ROWS: usize = 1_000_000;
const ROUNDS: usize = 3;
/// What a bare writer is handed at once.
const READY_ROWS: usize = 64 * 1024;
/// Made up between two looks at the clock, which cost more than a host's rows.
const HOSTS_AT_ONCE: usize = 64;
const PEERS: [&str; 3] = ["pyarrow", "duckdb", "polars"];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["child", what, hosts, folder] => child(what, hosts.parse()?, Path::new(folder)),
        ["peers", python] => peers(python),
        ["peers"] => Err("run tests/bench/parquet_peers.sh: it installs the peers".into()),
        ["xlsx"] => Err("no workbook is written yet".into()),
        [] | ["parquet"] => parquet(),
        other => Err(format!("`{}`: expected parquet, peers or xlsx", other.join(" ")).into()),
    }
}

fn setting(name: &str, or: usize) -> Outcome<usize> {
    std::env::var(name).map_or(Ok(or), |text| Ok(text.parse()?))
}

/// What a process said of its work, by name.
type Said = BTreeMap<String, f64>;

/// The pipeline against the bare writer, in turns.
fn parquet() -> Outcome<()> {
    let hosts = introduce()?;
    let mut rounds: BTreeMap<&str, Vec<Said>> = BTreeMap::new();
    for round in 1..=setting("LUSTRUM_BENCH_ROUNDS", ROUNDS)? {
        for what in ["bare", "ours"] {
            let said = measured(what, hosts)?;
            println!("  round {round} {what:>5}: {}", shown(&said));
            rounds.entry(what).or_default().push(said);
        }
    }
    let of = |what: &str, name: &str| quantiles(rounds[what].iter().map(|said| said[name]));
    let paired = |name: &str| {
        let pairs = rounds["ours"].iter().zip(&rounds["bare"]);
        quantiles(pairs.map(|(ours, bare)| ours[name] / bare["cpu_ms"]))
    };
    let ((least, median), (least_write, median_write)) = (paired("cpu_ms"), paired("write_cpu_ms"));
    println!(
        "  cpu over bare ArrowWriter, rows to files: median {median:.2}, least {least:.2} (wanted: at most 1.20)"
    );
    println!("  of it without the spool's writing:        median {median_write:.2}, least {least_write:.2}");
    println!("  peak memory: ours {:.0} MiB", of("ours", "peak_mib").1);
    Ok(())
}

/// The pipeline against other people's writers, in turns.
fn peers(python: &str) -> Outcome<()> {
    let hosts = introduce()?;
    let rows = tempfile::tempdir()?;
    run(Command::new(std::env::current_exe()?)
        .args(["child", "export", &hosts.to_string()])
        .arg(rows.path()))?;
    let mut rounds: BTreeMap<&str, Vec<Said>> = BTreeMap::new();
    for round in 1..=setting("LUSTRUM_BENCH_ROUNDS", ROUNDS)? {
        for what in PEERS.into_iter().chain(["ours"]) {
            let said = if what == "ours" { measured(what, hosts)? } else { peer(python, what, rows.path())? };
            println!("  round {round} {what:>7}: {}", shown(&said));
            rounds.entry(what).or_default().push(said);
        }
    }
    let rate = |what: &str| quantiles(rounds[what].iter().map(|said| said["rows"] / said["wall_ms"] * 1e3)).1;
    for what in PEERS.into_iter().chain(["ours"]) {
        println!("  {what:>7}: {:>9.0} rows/s", rate(what));
    }
    let best = PEERS.map(rate).into_iter().fold(0.0, f64::max);
    println!("  ours over the best of them: {:.2} (wanted: at least 1.00)", rate("ours") / best);
    Ok(())
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

fn peer(python: &str, what: &str, rows: &Path) -> Outcome<Said> {
    let folder = tempfile::tempdir()?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/parquet_peers.py");
    run(Command::new(python).arg(script).arg(what).arg(rows).arg(folder.path()))
}

/// The last line that a process prints is a JSON object of numbers.
fn run(command: &mut Command) -> Outcome<Said> {
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().last().filter(|_| output.status.success());
    Ok(serde_json::from_str(line.ok_or_else(|| format!("{command:?} failed"))?)?)
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

fn child(what: &str, hosts: usize, folder: &Path) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let said = match what {
        "ours" => runtime.block_on(ours(hosts, folder))?,
        "bare" => bare(hosts, folder)?,
        "export" => export(hosts, folder)?,
        other => return Err(format!("no child `{other}`").into()),
    };
    println!("{}", serde_json::to_string(&said)?);
    Ok(())
}

/// Rows as collectors hand them over, to committed files.
async fn ours(hosts: usize, folder: &Path) -> Outcome<Said> {
    let header = header();
    let mut meter = Meter::start()?;
    let spool = Spool::create(&folder.join("spool"), INVENTORY)?;
    // Hosts answer in no order; a stride that shares no factor with their number visits all.
    let stride = (hosts / 3..).find(|stride| gcd(*stride, hosts) == 1).ok_or("no stride")?;
    let order: Vec<usize> = (0..hosts).map(|nth| nth * stride % hosts).collect();
    for numbers in order.chunks(HOSTS_AT_ONCE) {
        let made = meter.aside(|| {
            let of_host = |number: &usize| (table_rows::parsed(*number), batches(*number));
            numbers.iter().map(of_host).collect::<Vec<_>>()
        })?;
        for (host, batches) in &made {
            for batch in batches {
                spool.append(host, batch).await?;
            }
            spool.finish_host(host, b"{}").await?;
        }
        meter.aside(|| drop(made))?;
    }
    let spooled = meter.so_far()?;
    let rows: Arc<dyn TableSource> = Arc::new(Spooled::new(spool.reader().await?, KeptOn::new()));
    let store = Store::open(&folder.join("out").to_string_lossy())?;
    let mut draft = Draft::new(store, &header);
    let (mut count, mut bytes) = (0, 0);
    for table in INVENTORY {
        for artifact in write_table(&mut draft, &header, &rows, table, &[TableFormat::Parquet]).await? {
            count += artifact.rows;
            bytes += artifact.bytes;
        }
    }
    let body = serde_json::json!({ "attempt": header.attempt }).to_string();
    commit(draft, body).await?;
    let mut said = meter.said(count, bytes)?;
    said.insert("write_cpu_ms".to_owned(), said["cpu_ms"] - spooled.cpu.as_secs_f64() * 1e3);
    said.insert("write_wall_ms".to_owned(), said["wall_ms"] - spooled.wall.as_secs_f64() * 1e3);
    Ok(said)
}

/// What the collectors of a host hand over.
fn batches(host: usize) -> Vec<RowBatch> {
    let of_host =
        |table: &&TableSpec| RowBatch { table: table.id, columns: table_rows::of_host(table, host) };
    INVENTORY.iter().map(of_host).collect()
}

/// Ready batches, through `ArrowWriter` into files. Neither hashed nor synced.
fn bare(hosts: usize, folder: &Path) -> Outcome<Said> {
    let header = header();
    let mut meter = Meter::start()?;
    let (mut count, mut bytes) = (0, 0);
    for table in INVENTORY {
        let published = Published::of(table);
        let path = folder.join(table.id.as_str());
        let properties = lustrum::output::parquet::properties(&published, &header)?;
        let mut writer =
            ArrowWriter::try_new(File::create(&path)?, published.schema.clone(), Some(properties))?;
        let mut host = 0;
        while let Some(batch) = meter.aside(|| ready(&published, &header, &mut host, hosts))? {
            writer.write(&batch)?;
            count += batch.num_rows() as u64;
            meter.aside(|| drop(batch))?;
        }
        writer.close()?;
        bytes += std::fs::metadata(&path)?.len();
    }
    meter.said(count, bytes)
}

/// The next hosts' rows as one batch, stamped; nothing after the last host.
fn ready(table: &Published, header: &RunHeader, host: &mut usize, hosts: usize) -> Option<RecordBatch> {
    let (mut rows, mut batches) = (0, Vec::new());
    while rows < READY_ROWS && *host < hosts {
        let batch = table_rows::of_host(table.spec, *host);
        rows += batch.num_rows();
        batches.push(batch);
        *host += 1;
    }
    let schema = (table.spec.schema)();
    let batch = arrow_select::concat::concat_batches(&schema, &batches).expect("batches of one schema");
    (!batches.is_empty()).then(|| table.stamp(header, &batch).expect("rows of the table"))
}

/// The same rows as one Arrow IPC file a table, for the peers.
fn export(hosts: usize, folder: &Path) -> Outcome<Said> {
    let header = header();
    for table in INVENTORY {
        let published = Published::of(table);
        let file = File::create(folder.join(format!("{}.arrow", table.id)))?;
        let mut writer = arrow_ipc::writer::FileWriter::try_new_buffered(file, &published.schema)?;
        let mut host = 0;
        while let Some(batch) = ready(&published, &header, &mut host, hosts) {
            writer.write(&batch)?;
        }
        writer.finish()?;
    }
    Ok(Said::new())
}

fn header() -> RunHeader {
    let job = JobName::parse("bench").expect("a name");
    let slot = Slot::parse("20261121T060000.000Z").expect("a slot");
    RunHeader {
        run_id: RunId::new(&job, slot),
        job,
        slot,
        attempt: Attempt::from_bits(1),
        started_at: slot.instant(),
        program_version: "0.1.0".to_owned(),
        plan_digest: "0".repeat(64),
        scope: Scope::Full,
        parent: None,
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Wall and CPU of this process since a start, less what was done aside.
struct Meter {
    began: Spent,
    aside: Spent,
}

#[derive(Clone, Copy, Default)]
struct Spent {
    wall: Duration,
    cpu: Duration,
}

impl Meter {
    fn start() -> Outcome<Self> {
        Ok(Self { began: Spent { wall: now(), cpu: process_cpu()? }, aside: Spent::default() })
    }

    /// Does on this thread what is not to be measured.
    fn aside<T>(&mut self, work: impl FnOnce() -> T) -> Outcome<T> {
        let before = Spent { wall: now(), cpu: thread_cpu()? };
        let done = work();
        self.aside.wall += now() - before.wall;
        self.aside.cpu += thread_cpu()? - before.cpu;
        Ok(done)
    }

    fn so_far(&self) -> Outcome<Spent> {
        let wall = now() - self.began.wall - self.aside.wall;
        Ok(Spent { wall, cpu: process_cpu()?.saturating_sub(self.began.cpu + self.aside.cpu) })
    }

    fn said(&self, rows: u64, bytes: u64) -> Outcome<Said> {
        let spent = self.so_far()?;
        let said = [
            ("rows", rows as f64),
            ("mib", bytes as f64 / 1048576.0),
            ("wall_ms", spent.wall.as_secs_f64() * 1e3),
            ("cpu_ms", spent.cpu.as_secs_f64() * 1e3),
            ("peak_mib", peak_kib()? / 1024.0),
        ];
        Ok(said.map(|(name, value)| (name.to_owned(), value)).into())
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn now() -> Duration {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed()
}

/// User and system time of all threads, also those that ended; 100 ticks a second.
fn process_cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields 14 and 15 of proc(5), counted from `state`, which is the third.
    let fields: Vec<&str> = stat.rsplit(')').next().ok_or("stat")?.split_whitespace().collect();
    Ok(Duration::from_millis((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) * 10))
}

/// CPU of this thread, in nanoseconds.
fn thread_cpu() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(stat.split_whitespace().next().ok_or("schedstat")?.parse()?))
}

/// The most memory this process ever had.
fn peak_kib() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).ok_or("no VmHWM")?.parse()?)
}
