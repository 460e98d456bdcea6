//! The functions of a file: names of tests, and lengths.

use syn::visit::{self, Visit};

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The name.
    pub name: String,
    /// Whether it has a `#[test]` attribute, or one such as `#[tokio::test]`.
    pub is_test: bool,
}

#[derive(Default)]
struct Functions(Vec<Function>);

impl<'a> Visit<'a> for Functions {
    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
        };
        self.0.push(Function { name: function.sig.ident.to_string(), is_test: function.attrs.iter().any(is_test) });
        visit::visit_item_fn(self, function);
    }
}

/// All free functions of a file, also those in modules.
#[must_use]
pub fn functions(file: &syn::File) -> Vec<Function> {
    let mut found = Functions::default();
    found.visit_file(file);
    found.0
}
