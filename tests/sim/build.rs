//! Writes the list of call sites, one for each method of each port, out of the ports' source.

use std::fmt::Write;
use std::path::Path;

type Fault = Box<dyn std::error::Error>;

/// The clock is no call to the world.
const NO_SITES: &str = "Clock";

fn main() -> Result<(), Fault> {
    let ports = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../shared/core/src/port");
    let mut sites = Vec::new();
    for file in ["mod.rs", "definition.rs", "evaluate.rs", "guard.rs", "lineage.rs", "ml.rs", "workflow.rs"] {
        let path = ports.join(file);
        println!("cargo:rerun-if-changed={}", path.display());
        let source = syn::parse_file(&std::fs::read_to_string(&path)?)?;
        for item in source.items {
            let syn::Item::Trait(port) = item else { continue };
            if port.ident == NO_SITES {
                continue;
            }
            for method in port.items {
                if let syn::TraitItem::Fn(method) = method {
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

fn camel(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}
