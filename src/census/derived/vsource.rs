//! What was asked, by its own name and version.

use arrow_array::RecordBatch;

use crate::census::folded::fleet::Fleet;
use crate::census::folded::owner::Owner;
use crate::tables::derived::vsource::Vsource;
use crate::tables::table::Row;

pub fn rows(fleet: &Fleet) -> RecordBatch {
    let mut rows: Vec<_> = fleet.owners().map(|owner| row(fleet, owner)).collect();
    rows.sort_by(|a, b| a.sdk_server.cmp(&b.sdk_server));
    Vsource::batch(rows).columns
}

fn row(fleet: &Fleet, owner: Owner) -> Vsource {
    let machines = fleet.members(owner).into_iter().map(|host| &fleet.hosts[host].machine);
    let told = machines.into_iter().find(|machine| machine.os_version.is_some());
    let machine = told.cloned().unwrap_or_default();
    let place = fleet.place(owner);
    let api_type = match owner {
        Owner::Cluster(_) => "FailoverCluster",
        Owner::Host(_) => "HyperVHost",
    };
    Vsource {
        name: Some(place.cluster),
        os_type: Some("win32-x64".to_owned()),
        api_type: Some(api_type.to_owned()),
        api_version: machine.os_build.clone(),
        version: machine.os_version.clone(),
        patch_level: machine.os_revision,
        build: machine.os_build,
        fullname: machine.os.map(|os| format!("Microsoft Hyper-V, {os}")),
        product_name: Some("Hyper-V".to_owned()),
        product_version: machine.os_version,
        product_line: Some("hyperv".to_owned()),
        vendor: Some("Microsoft Corporation".to_owned()),
        sdk_server: Some(place.sdk_server),
        sdk_uuid: Some(place.sdk_uuid),
    }
}
