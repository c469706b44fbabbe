//! One measurement of the tables bench: what its process does, and what it says of it.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use lustrum::census::ground::{Ground, HostStanding};
use lustrum::census::health::thresholds::Thresholds;
use lustrum::census::taken::Census;
use lustrum::model::event::RunHeader;
use lustrum::model::run::{Attempt, JobName, RunId, Scope, Slot};
use lustrum::model::status::FinalStatus;
use lustrum::output::commit::commit;
use lustrum::output::draft::Draft;
use lustrum::output::faces::{Face, write_face};
use lustrum::output::gathered::Gathered;
use lustrum::output::published::Published;
use lustrum::output::source::TableSource;
use lustrum::output::spool::Spool;
use lustrum::output::spooled::{KeptOn, Spooled};
use lustrum::output::store::Store;
use lustrum::output::writer::{TableFormat, write_table};
use lustrum::tables::catalogue::{DERIVED, INVENTORY};
use lustrum::tables::table::{RowBatch, TableSpec};
use parquet::arrow::ArrowWriter;

use crate::meter::{Meter, Said, Spent, note, peak_mib};
use crate::{Outcome, quantiles, setting, table_rows};

/// What a bare writer is handed at once.
const READY_ROWS: usize = 64 * 1024;
/// Columns that say which run a row is of.
const STAMPS: usize = 2;
/// Turns of two ways in one process.
const PAIRS: usize = 9;
/// Made up between two looks at the clock, which cost more than a host's rows.
const HOSTS_AT_ONCE: usize = 64;

/// Prints a JSON object of numbers as its last line.
pub fn work(what: &str, hosts: usize, folder: &Path) -> Outcome<Said> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        match what {
            "ours" => ours(hosts, folder).await,
            "xlsx" => xlsx(hosts, folder).await,
            "bare" => bare(hosts, folder).await,
            "held" => held(hosts, folder).await,
            "pairs" => pairs(hosts, folder).await,
            "export" => export(hosts, folder).await,
            other => Err(format!("no child `{other}`").into()),
        }
    })
}

/// From rows as collectors hand them over, through the spool and the census, to committed files.
async fn ours(hosts: usize, folder: &Path) -> Outcome<Said> {
    let header = header();
    let mut meter = Meter::start()?;
    let spool = spooled(hosts, folder, &mut meter).await?;
    let in_spool = meter.so_far()?;
    let store = Store::open(&folder.join("out").to_string_lossy())?;
    let rows = taken(&spool, &Draft::new(store, &header), hosts).await?;
    let counted = meter.so_far()?;
    let (count, bytes) = filed(&rows, folder).await?;
    let all = meter.so_far()?;
    let mut said = counts(count, bytes)?;
    note(&mut said, "spool", in_spool);
    note(&mut said, "census", counted - in_spool);
    note(&mut said, "files", all - counted);
    note(&mut said, "filed", all - in_spool);
    note(&mut said, "all", all);
    Ok(said)
}

/// From rows in the spool to a committed workbook; memory is that of the whole way.
async fn xlsx(hosts: usize, folder: &Path) -> Outcome<Said> {
    let header = header();
    let mut meter = Meter::start()?;
    let spool = spooled(hosts, folder, &mut meter).await?;
    let store = Store::open(&folder.join("out").to_string_lossy())?;
    let mut draft = Draft::new(store, &header);
    let rows = taken(&spool, &draft, hosts).await?;
    let (before, peak_before) = (meter.so_far()?, peak_mib()?);
    let asked: Vec<_> = INVENTORY.iter().chain(DERIVED).copied().collect();
    let written = write_face(&mut draft, &header, &rows, &asked, Face::Workbook, folder).await?;
    let body = serde_json::json!({ "attempt": header.attempt }).to_string();
    commit(draft, body).await?;
    let spent = meter.so_far()? - before;
    let artifacts = written.artifacts.iter();
    let (count, bytes) =
        artifacts.fold((0, 0), |sum, artifact| (sum.0 + artifact.rows, sum.1 + artifact.bytes));
    let mut said = counts(count, bytes)?;
    said.insert("peak_before_mib".to_owned(), peak_before);
    note(&mut said, "xlsx", spent);
    Ok(said)
}

/// Ready batches, as our files hold them, through `ArrowWriter`. Neither hashed nor synced.
async fn bare(hosts: usize, folder: &Path) -> Outcome<Said> {
    let (ready, _) = in_memory(hosts).await?;
    let meter = Meter::start()?;
    let (mut count, mut bytes) = (0, 0);
    for (table, ready) in &ready {
        bytes += bare_file(table, ready, folder)?;
        count += ready.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
    }
    let spent = meter.so_far()?;
    let mut said = counts(count, bytes)?;
    note(&mut said, "bare", spent);
    Ok(said)
}

/// From rows in memory, a batch a table as the peers hold theirs, to committed files.
async fn held(hosts: usize, folder: &Path) -> Outcome<Said> {
    let (_, rows) = in_memory(hosts).await?;
    let meter = Meter::start()?;
    let (count, bytes) = filed(&rows, folder).await?;
    let spent = meter.so_far()?;
    let mut said = counts(count, bytes)?;
    note(&mut said, "held", spent);
    Ok(said)
}

/// The same and a bare writer over the same rows, in turns in one process: making the rows up
/// takes ten times as long as writing them, and one turn says little on a machine of others.
async fn pairs(hosts: usize, folder: &Path) -> Outcome<Said> {
    let (ready, rows) = in_memory(hosts).await?;
    let (mut ratios, mut said) = (Vec::new(), Said::new());
    for pair in 0..setting("LUSTRUM_BENCH_PAIRS", PAIRS)? {
        let mut spent = [Spent::default(); 2];
        for turn in [pair % 2, 1 - pair % 2] {
            let folder = tempfile::tempdir_in(folder)?;
            let meter = Meter::start()?;
            if turn == 0 {
                for (table, ready) in &ready {
                    bare_file(table, ready, folder.path())?;
                }
            } else {
                let (count, bytes) = filed(&rows, folder.path()).await?;
                said = counts(count, bytes)?;
            }
            spent[turn] = meter.so_far()?;
        }
        let [bare, held] = spent.map(|spent| spent.cpu.as_secs_f64() * 1e3);
        println!("  pair {:>2}: bare {bare:.0} ms, ours {held:.0} ms of cpu: {:.2}", pair + 1, held / bare);
        ratios.push(held / bare);
    }
    let (least, median) = quantiles(ratios.into_iter());
    said.extend([("ratio".to_owned(), median), ("least_ratio".to_owned(), least)]);
    Ok(said)
}

type ReadyTable = (Published, Vec<RecordBatch>);

/// Every table twice: as published, in ready batches, and as a source that our writer takes.
async fn in_memory(hosts: usize) -> Outcome<(Vec<ReadyTable>, Arc<dyn TableSource>)> {
    let (header, beside) = (header(), tempfile::tempdir()?);
    let rows = aside(hosts, beside.path()).await?;
    let (mut tables, mut held) = (Vec::new(), Gathered::default());
    for table in INVENTORY {
        let published = Published::of(table);
        let ready = Ready::of(rows.as_ref(), &published, &header).collect::<Outcome<Vec<_>>>()?;
        let all = concat_batches(&published.schema, &ready)?;
        // The run is stamped on the way, not before.
        let declared: Vec<usize> = (STAMPS..all.num_columns()).collect();
        held.add(RowBatch { table: table.id, columns: all.project(&declared)? });
        tables.push((published, ready));
    }
    Ok((tables, Arc::new(held)))
}

/// Its size in bytes.
fn bare_file(table: &Published, ready: &[RecordBatch], folder: &Path) -> Outcome<u64> {
    let properties = lustrum::output::parquet::properties(table, &header())?;
    let path = folder.join(table.spec.id.as_str());
    let mut writer = ArrowWriter::try_new(File::create(&path)?, table.schema.clone(), Some(properties))?;
    ready.iter().try_for_each(|batch| writer.write(batch))?;
    writer.close()?;
    Ok(std::fs::metadata(&path)?.len())
}

/// Rows and bytes of what a source became when it was committed.
async fn filed(rows: &Arc<dyn TableSource>, folder: &Path) -> Outcome<(u64, u64)> {
    let header = header();
    let mut draft = Draft::new(Store::open(&folder.join("out").to_string_lossy())?, &header);
    let (mut count, mut bytes) = (0, 0);
    for table in INVENTORY {
        for artifact in write_table(&mut draft, &header, rows, table, &[TableFormat::Parquet]).await? {
            count += artifact.rows;
            bytes += artifact.bytes;
        }
    }
    let body = serde_json::json!({ "attempt": header.attempt }).to_string();
    commit(draft, body).await?;
    Ok((count, bytes))
}

/// The same rows as one Arrow IPC file a table, for the peers.
async fn export(hosts: usize, folder: &Path) -> Outcome<Said> {
    let (header, beside) = (header(), tempfile::tempdir()?);
    let rows = aside(hosts, beside.path()).await?;
    for table in INVENTORY {
        let published = Published::of(table);
        let file = File::create(folder.join(format!("{}.arrow", table.id)))?;
        let mut writer = arrow_ipc::writer::FileWriter::try_new_buffered(file, &published.schema)?;
        for batch in Ready::of(rows.as_ref(), &published, &header) {
            writer.write(&batch?)?;
        }
        writer.finish()?;
    }
    Ok(Said::new())
}

fn counts(rows: u64, bytes: u64) -> Outcome<Said> {
    let said = [("rows", rows as f64), ("mib", bytes as f64 / 1048576.0), ("peak_mib", peak_mib()?)];
    Ok(said.map(|(name, value)| (name.to_owned(), value)).into())
}

/// The census of a run that nobody measures.
async fn aside(hosts: usize, folder: &Path) -> Outcome<Arc<dyn TableSource>> {
    let spool = spooled(hosts, folder, &mut Meter::start()?).await?;
    let draft = Draft::new(Store::open(&folder.join("out").to_string_lossy())?, &header());
    taken(&spool, &draft, hosts).await
}

/// The rows of all hosts in a spool; making them up is not measured.
async fn spooled(hosts: usize, folder: &Path, meter: &mut Meter) -> Outcome<Spool> {
    let spool = Spool::create(&folder.join("spool"), INVENTORY)?;
    // Hosts answer in no order; a stride that shares no factor with their number visits all.
    let stride = (hosts / 3 + 1..).find(|stride| gcd(*stride, hosts) == 1).ok_or("no stride")?;
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
    spool.flush().await?;
    Ok(spool)
}

/// What the collectors of a host hand over.
fn batches(host: usize) -> Vec<RowBatch> {
    let of_host =
        |table: &&TableSpec| RowBatch { table: table.id, columns: table_rows::of_host(table, host) };
    INVENTORY.iter().map(of_host).collect()
}

/// The census as the engine takes it.
async fn taken(spool: &Spool, draft: &Draft, hosts: usize) -> Outcome<Arc<dyn TableSource>> {
    let spooled = Arc::new(Spooled::new(spool.reader().await?, KeptOn::new()));
    let ground = ground(hosts);
    let census = draft.press().run(move || Census::take(spooled, INVENTORY.to_vec(), ground)).await??;
    Ok(Arc::new(census))
}

/// A run in which every host told everything.
fn ground(hosts: usize) -> Ground {
    let standing = HostStanding {
        site: "Default".to_owned(),
        status: FinalStatus::InventoryOk,
        told: INVENTORY.iter().map(|table| table.id).collect(),
        all_vms_seen: true,
        failed: Default::default(),
    };
    Ground {
        hosts: (0..hosts).map(|host| (table_rows::parsed(host), standing.clone())).collect(),
        started_at: header().started_at,
        program_version: header().program_version,
        remembered: Default::default(),
        moved: Default::default(),
        health: Thresholds::default(),
    }
}

/// A table as published, in batches as large as row groups.
struct Ready<'a> {
    rows: &'a dyn TableSource,
    table: &'a Published,
    header: &'a RunHeader,
    hosts: usize,
    of_fleet: bool,
}

impl<'a> Ready<'a> {
    fn of(rows: &'a dyn TableSource, table: &'a Published, header: &'a RunHeader) -> Self {
        Self { rows, table, header, hosts: 0, of_fleet: true }
    }

    fn gathered(&mut self) -> Outcome<RecordBatch> {
        let (mut rows, mut batches) = (0, Vec::new());
        while rows < READY_ROWS {
            let hosts = &self.rows.hosts()[self.hosts..];
            let found = if !hosts.is_empty() {
                let (found, taken) = self.rows.rows_of(self.table.spec, hosts)?;
                self.hosts += taken.len();
                found
            } else if std::mem::take(&mut self.of_fleet) {
                self.rows.fleet_rows(self.table.spec)?
            } else {
                break;
            };
            rows += found.num_rows();
            batches.push(found);
        }
        let batch = concat_batches(&(self.table.spec.schema)(), &batches)?;
        Ok(self.table.stamp(self.header, &batch)?)
    }
}

impl Iterator for Ready<'_> {
    type Item = Outcome<RecordBatch>;

    /// Nothing after the last rows.
    fn next(&mut self) -> Option<Self::Item> {
        let gathered = self.gathered();
        (!gathered.as_ref().is_ok_and(|batch| batch.num_rows() == 0)).then_some(gathered)
    }
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
