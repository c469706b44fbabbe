//! What was asked: clusters, and hosts that stand alone.

crate::table! {
    /// Sources: one row per cluster and per host that stands alone. Sorted by (sdk_server).
    /// Versions are those of the first node in name order that told them.
    pub struct Vsource as "vsource" ("vSource") {
        /// The cluster's name, or the host's as the fleet names it.
        pub name: Option<String>,
        /// `win32-x64`, vSphere's word for 64-bit Windows.
        pub os_type: Option<String>,
        /// `FailoverCluster` or `HyperVHost`.
        pub api_type: Option<String>,
        /// Windows' build. `Win32_OperatingSystem.BuildNumber`.
        pub api_version: Option<String>,
        /// `Win32_OperatingSystem.Version`.
        pub version: Option<String>,
        /// Update build revision. Registry `CurrentVersion\UBR`.
        pub patch_level: Option<String>,
        /// Windows' build. `Win32_OperatingSystem.BuildNumber`.
        pub build: Option<String>,
        /// Hyper-V and what it runs on, `Microsoft Hyper-V, Microsoft Windows Server 2022 Datacenter 10.0.20348.2700`.
        pub fullname: Option<String>,
        /// Always `Hyper-V`.
        pub product_name: Option<String>,
        /// `Win32_OperatingSystem.Version`.
        pub product_version: Option<String>,
        /// Always `hyperv`.
        pub product_line: Option<String>,
        /// Always `Microsoft Corporation`.
        pub vendor: Option<String>,
        /// The cluster's full name, or the host's.
        pub sdk_server: Option<String>,
        /// UUIDv5 of `sdk_server` in the DNS namespace.
        pub sdk_uuid: Option<String>,
    }
    sheet {
        "Name" (name)
        "OS type" (os_type)
        "API type" (api_type)
        "API version" (api_version)
        "Version" (version)
        "Patch level" (patch_level)
        "Build" (build)
        "Fullname" (fullname)
        "Product name" (product_name)
        "Product version" (product_version)
        "Product line" (product_line)
        "Vendor" (vendor)
        "VI SDK Server" (sdk_server)
        "VI SDK UUID" (sdk_uuid)
    }
}
