//! Generated files in `docs/reference/`.

use std::path::Path;

/// Fails if a generated file is not what `expected` makes of its present text. `UPDATE=1` writes it instead.
#[track_caller]
pub(super) fn check(name: &str, test: &str, expected: impl Fn(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let expected = expected(&found);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
        return;
    }
    let difference = expected.lines().zip(found.lines().chain(std::iter::repeat(""))).find(|(new, old)| new != old);
    assert!(
        found == expected,
        "docs/reference/{name} is stale: UPDATE=1 cargo nextest run -p trimtab-policy {test}\nfirst difference: {difference:?}"
    );
}
