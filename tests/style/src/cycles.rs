//! Cycles among the modules of a crate, by their `crate::` and `super::` paths.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Item, UseTree};

use crate::tree::{File, is_test};

/// A module: its names from the crate's root.
type Module = Vec<String>;

/// The imports of each module of a crate.
#[derive(Debug, Default)]
pub struct Graph {
    edges: BTreeMap<Module, BTreeSet<Module>>,
}

/// The paths that start with `crate`, `super` or `self` in a file, each with the module in which it is written.
struct Paths {
    at: Module,
    found: Vec<(Module, Vec<String>)>,
}

impl Paths {
    fn add(&mut self, path: &[String]) {
        if path.first().is_some_and(|first| ["crate", "super", "self"].contains(&first.as_str())) {
            self.found.push((self.at.clone(), path.to_vec()));
        }
    }

    fn add_use(&mut self, tree: &UseTree, start: &[String]) {
        let with = |name: &syn::Ident| [start, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_use(&path.tree, &with(&path.ident)),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(name) => self.add(&with(&name.ident)),
            UseTree::Glob(_) => self.add(start),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_use(tree, start)),
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, module: &'a syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            self.at.push(module.ident.to_string());
            visit::visit_item_mod(self, module);
            self.at.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.add_use(&item.tree, &[]);
        }
    }

    /// `pub(crate)` is no import.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }
}

/// The module of a file below `src`; `None` for a file of tests.
fn module(path: &str) -> Option<Module> {
    let path = path.strip_suffix(".rs").filter(|_| !is_test(path))?;
    let mut names: Module = path.split('/').map(str::to_owned).collect();
    if matches!(names.last()?.as_str(), "mod" | "lib" | "main") {
        names.pop();
    }
    Some(names)
}

/// Whether a module only declares modules and re-exports their items: its importers import those.
fn is_facade(file: &syn::File) -> bool {
    let declares = |item: &Item| match item {
        Item::Use(_) => true,
        Item::Mod(module) => module.content.is_none() || is_for_tests(&module.attrs),
        _ => false,
    };
    file.items.iter().all(declares)
}

impl Graph {
    /// The graph of a crate from the files below its `src`, by their path there.
    ///
    /// # Panics
    /// A file is no Rust.
    #[must_use]
    pub fn of(files: &[(&str, &File)]) -> Self {
        let parsed = files.iter().filter_map(|(path, file)| {
            let source = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
            Some((module(path)?, source))
        });
        let parsed: Vec<(Module, syn::File)> = parsed.filter(|(_, source)| !is_facade(source)).collect();
        let known: BTreeSet<Module> = parsed.iter().map(|(module, _)| module.clone()).collect();
        let mut graph = Self::default();
        for (module, source) in &parsed {
            let mut paths = Paths { at: module.clone(), found: Vec::new() };
            paths.visit_file(source);
            let targets = paths.found.iter().filter_map(|(at, path)| target(at, path, &known));
            let targets = targets.filter(|target| target != module).collect();
            graph.edges.insert(module.clone(), targets);
        }
        graph
    }

    /// One shortest cycle for each module that is the first of its cycles, as `a -> b -> a`.
    #[must_use]
    pub fn cycles(&self) -> Vec<String> {
        let mut covered = BTreeSet::new();
        let mut found = Vec::new();
        for start in self.edges.keys() {
            if covered.contains(start) {
                continue;
            }
            if let Some(cycle) = self.shortest(start) {
                let names: Vec<String> = cycle.iter().chain([start]).map(name).collect();
                found.push(names.join(" -> "));
                covered.extend(cycle);
            }
        }
        found
    }

    /// The shortest way from a module back to itself.
    fn shortest(&self, start: &Module) -> Option<Vec<Module>> {
        let mut ways = std::collections::VecDeque::from([vec![start.clone()]]);
        let mut visited = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for next in self.edges.get(way.last()?).into_iter().flatten() {
                if next == start {
                    return Some(way);
                }
                if visited.insert(next.clone()) {
                    ways.push_back([way.clone(), vec![next.clone()]].concat());
                }
            }
        }
        None
    }
}

fn name(module: &Module) -> String {
    if module.is_empty() { "crate".to_owned() } else { module.join("::") }
}

/// The known module that a path written in a module leads to.
fn target(at: &Module, path: &[String], known: &BTreeSet<Module>) -> Option<Module> {
    let mut names = at.clone();
    for segment in path {
        match segment.as_str() {
            "crate" => names.clear(),
            "self" => {}
            "super" => drop(names.pop()),
            other => names.push(other.to_owned()),
        }
    }
    // The last names are those of items: the longest beginning that is a module.
    let mut beginnings = (0..=names.len()).rev().filter_map(|length| names.get(..length));
    let found = beginnings.find(|names| known.contains(*names))?.to_vec();
    // A path through a facade ends at an unknown parent: its root is no import of the crate's own items.
    let through_facade = found.is_empty() && names.len() > 1 && path.first().is_some_and(|first| first == "crate");
    (!through_facade).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(&str, File)> = files
            .iter()
            .map(|(path, text)| (*path, File { path: (*path).to_owned(), text: (*text).to_owned() }))
            .collect();
        Graph::of(&files.iter().map(|(path, file)| (*path, file)).collect::<Vec<_>>()).cycles()
    }

    #[test]
    fn modules_that_import_each_other_are_a_cycle() {
        let found = graph(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B; fn a() {}"),
            ("b.rs", "fn b() { super::c::c() }"),
            ("c.rs", "use crate::{a::{A, D}, b}; pub(crate) fn c() {}"),
        ]);
        assert_eq!(found, ["a -> b -> c -> a"]);
    }

    #[test]
    fn tests_and_facades_are_no_part_of_a_cycle() {
        let found = graph(&[
            ("lib.rs", "mod a; pub use a::A;"),
            ("a/mod.rs", "mod b; pub use b::B;"),
            ("a/b.rs", "use crate::A; struct B; #[cfg(test)] mod tests { use crate::c; }"),
            ("c.rs", "use crate::a::b::B; struct C;"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }
}
