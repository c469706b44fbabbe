//! Text that changes only on purpose: `LUSTRUM_BLESS=1 cargo test` writes it anew.

use std::path::PathBuf;

/// Compares with a file below the repository's root.
pub fn assert_golden(file: &str, found: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("LUSTRUM_BLESS").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{file}: {error}; LUSTRUM_BLESS=1 writes it"));
    assert_eq!(found, expected, "{file} differs; LUSTRUM_BLESS=1 if that is meant\n{found}");
}
