//! Which module uses which: every path of the source that begins at the crate, at a folder above, or at a module beside.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree};

/// The path of a module from the root of its crate; `["lib"]` is the root itself.
type Module = Vec<String>;

/// One module uses something of another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    /// Where it is written.
    pub(crate) file: String,
    pub(crate) from: Module,
    pub(crate) to: Module,
}

/// The modules of a crate, without its tests.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// With the names that each has from others.
    modules: BTreeMap<Module, BTreeMap<String, Module>>,
    /// Paths that are used: the file, the module in it, and the path as it is written.
    used: Vec<(String, Module, Vec<String>)>,
}

impl Tree {
    /// Reads every file of a folder.
    ///
    /// # Errors
    /// If one cannot be read, or is no Rust.
    pub(crate) fn read(src: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        collect(src, src, &mut files)?;
        Self::of(files)
    }

    /// The same of files that are at hand: their paths below the source, and their texts.
    pub(crate) fn of(files: impl IntoIterator<Item = (String, String)>) -> Result<Self, String> {
        let mut tree = Self::default();
        let mut parsed = Vec::new();
        let mut of_tests: BTreeSet<Module> = BTreeSet::new();
        for (path, text) in files {
            let module = module_of(&path);
            let file = syn::parse_file(&text).map_err(|error| format!("{path}: {error}"))?;
            let tests = file.items.iter().filter_map(|item| match item {
                Item::Mod(item) if is_test(&item.attrs) => Some(below(&module, &item.ident.to_string())),
                _ => None,
            });
            of_tests.extend(tests);
            parsed.push((path, module, file));
        }
        parsed.retain(|(_, module, _)| !(1..=module.len()).any(|n| of_tests.contains(&module[..n])));
        for (_, module, _) in &parsed {
            tree.modules.insert(module.clone(), BTreeMap::new());
        }
        for (path, module, file) in &parsed {
            let mut reader = Reader { tree: &mut tree, file: path, module: module.clone() };
            reader.visit_file(file);
        }
        tree.name_uses();
        Ok(tree)
    }

    /// The folders and files at the top.
    pub(crate) fn folders(&self) -> BTreeSet<String> {
        self.modules.keys().map(|module| module[0].clone()).collect()
    }

    /// Every use of another module, each once.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let arrows = self.used.iter().filter_map(|(file, from, path)| {
            let to = self.resolve(from, path)?;
            (to != *from).then(|| Arrow { file: file.clone(), from: from.clone(), to })
        });
        arrows.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What modules have by `use` from others, so that a path through one leads to where it is.
    fn name_uses(&mut self) {
        for _ in 0..3 {
            let found: Vec<_> = self
                .used
                .iter()
                .filter_map(|(_, from, path)| {
                    let to = self.resolve(from, path)?;
                    Some((from.clone(), path.last()?.clone(), to))
                })
                .collect();
            for (module, name, to) in found {
                if to != module
                    && let Some(names) = self.modules.get_mut(&module)
                {
                    names.insert(name, to);
                }
            }
        }
    }

    /// The module that a path leads to; `None` if it leads out of the crate.
    fn resolve(&self, from: &Module, path: &[String]) -> Option<Module> {
        let mut path = path;
        let mut at: Module = match path.first()?.as_str() {
            "crate" => vec![],
            "self" => from.clone(),
            "super" => parent(from)?,
            beside if self.modules.contains_key(&below(from, beside)) => {
                return self.walk(from.clone(), path);
            }
            _ => return None,
        };
        path = &path[1..];
        while path.first().is_some_and(|step| step == "super") {
            at = parent(&at)?;
            path = &path[1..];
        }
        self.walk(at, path)
    }

    fn walk(&self, mut at: Module, path: &[String]) -> Option<Module> {
        for step in path {
            let next = below(&at, step);
            if self.modules.contains_key(&next) {
                at = next;
                continue;
            }
            let here = if at.is_empty() { vec!["lib".to_owned()] } else { at.clone() };
            return match self.modules.get(&here).and_then(|names| names.get(step)) {
                // What a folder passes on of another one is the folder's own to answer for.
                Some(elsewhere) if *elsewhere != here && elsewhere[0] == here[0] => Some(elsewhere.clone()),
                _ => Some(here),
            };
        }
        Some(if at.is_empty() { vec!["lib".to_owned()] } else { at })
    }
}

fn below(module: &[String], name: &str) -> Module {
    let root = module == ["lib".to_owned()];
    module.iter().filter(|_| !root).cloned().chain([name.to_owned()]).collect()
}

fn parent(module: &[String]) -> Option<Module> {
    module.split_last().map(|(_, above)| above.to_vec())
}

/// `a/b.rs` and `a/b/mod.rs` are both `a::b`.
fn module_of(path: &str) -> Module {
    let path = path.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

fn collect(src: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> Result<(), String> {
    let fault = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.is_dir() {
            collect(src, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(src).map_err(|error| error.to_string())?;
            let name = below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>();
            files.push((name.join("/"), fs::read_to_string(&path).map_err(fault)?));
        }
    }
    Ok(())
}

struct Reader<'a> {
    tree: &'a mut Tree,
    file: &'a str,
    module: Module,
}

impl Reader<'_> {
    fn uses(&mut self, path: Vec<String>) {
        self.tree.used.push((self.file.to_owned(), self.module.clone(), path));
    }

    fn use_tree(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &dyn ToString| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.use_tree(&path.tree, &with(&path.ident)),
            UseTree::Name(name) if name.ident == "self" => self.uses(before.to_vec()),
            UseTree::Name(name) => self.uses(with(&name.ident)),
            UseTree::Rename(rename) => self.uses(with(&rename.ident)),
            UseTree::Glob(_) => self.uses(before.to_vec()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.use_tree(tree, before)),
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() {
            let inner = below(&self.module, &item.ident.to_string());
            self.tree.modules.entry(inner.clone()).or_default();
            let outer = std::mem::replace(&mut self.module, inner);
            visit::visit_item_mod(self, item);
            self.module = outer;
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.use_tree(&item.tree, &[]);
    }

    /// `pub(crate)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.uses(names);
        visit::visit_path(self, path);
    }

    /// What a macro is given is not parsed, but its paths can be told by their beginning.
    fn visit_macro(&mut self, of: &'ast Macro) {
        visit::visit_macro(self, of);
        let text = of.tokens.to_string().replace(' ', "");
        for (at, _) in text.match_indices("crate::") {
            let whole = text[at..].split(|c: char| !c.is_alphanumeric() && !"_:".contains(c)).next();
            self.uses(whole.unwrap_or_default().split("::").map(str::to_owned).collect());
        }
    }
}
