//! Keeps a small fleet up for other people's clients: `simulate http|https READY_FILE`.

use lustrum::model::target::Scheme;
use lustrum::simulator::fleet::FleetSpec;
use lustrum::simulator::simulator::Simulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let mut spec = FleetSpec::new(2, 20, 7);
    if arguments[1] == "https" {
        spec.scheme = Scheme::Https;
    }
    let fleet = Simulator::start(spec).await?;
    let lines: String =
        fleet.hosts().iter().map(|host| format!("{} {}\n", host.address(), host.name())).collect();
    std::fs::write(&arguments[2], lines)?;
    if let Some(pem) = fleet.ca_pem() {
        std::fs::write(format!("{}.pem", arguments[2]), pem)?;
    }
    Ok(tokio::signal::ctrl_c().await?)
}
