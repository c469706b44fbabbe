//! Keeps a fleet up for other people's clients: `simulate http|https HOSTS VMS READY_FILE`.

use std::path::PathBuf;

use lustrum::model::target::Scheme;
use lustrum::simulator::fleet::{Addressing, FleetSpec};
use lustrum::simulator::serve::{ServeOptions, serve};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let mut spec = FleetSpec::new(arguments[2].parse()?, arguments[3].parse()?, 7);
    if arguments[1] == "https" {
        spec.scheme = Scheme::Https;
    }
    if std::env::var_os("ONE_LISTENER").is_some() {
        spec.addressing = Addressing::OneListener;
    }
    let options = ServeOptions { ready_file: Some(PathBuf::from(&arguments[4])), ..ServeOptions::default() };
    let stop = async {
        tokio::signal::ctrl_c().await.ok();
    };
    let tally = serve(spec, &options, |_| {}, stop).await?;
    std::fs::write(format!("{}.tally", arguments[4]), serde_json::to_string_pretty(&tally)?)?;
    Ok(())
}
