//! Generates the list of call sites from the source of the ports: one for each method of each port.

use std::fmt::Write;
use std::path::{Path, PathBuf};

type Fault = Box<dyn std::error::Error>;

/// The port without call sites: reading the clock is no call to a service.
const NO_SITES: &str = "Clock";

fn main() -> Result<(), Fault> {
    let ports = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../shared/core/src/port");
    let mut sites = Vec::new();
    println!("cargo:rerun-if-changed={}", ports.display());
    for path in sources(&ports)? {
        let source = syn::parse_file(&std::fs::read_to_string(&path)?)?;
        for item in source.items {
            let syn::Item::Trait(port) = item else { continue };
            if port.ident == NO_SITES {
                continue;
            }
            for method in port.items {
                // A provided method calls the others, and they have their own sites.
                if let syn::TraitItem::Fn(method) = method
                    && method.default.is_none()
                {
                    sites.push(format!("{}{}", port.ident, camel(&method.sig.ident.to_string())));
                }
            }
        }
    }
    let mut code = "/// A call to the world: one method of one port.\n#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[allow(missing_docs, reason = \"named after the port and its method\")]\npub enum Site {\n".to_owned();
    for site in &sites {
        writeln!(code, "    {site},")?;
    }
    writeln!(code, "}}\n\nimpl Site {{\n    /// All of them.\n    pub const ALL: [Self; {}] = [", sites.len())?;
    for site in &sites {
        writeln!(code, "        Self::{site},")?;
    }
    writeln!(code, "    ];\n}}")?;
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("sites.rs"), code)?;
    Ok(())
}

/// The files of the folder and of those in it, in order.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let mut entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, Fault>>()?;
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(sources(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn camel(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}
