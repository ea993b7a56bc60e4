//! What an agent's hooks look like. An agent drops the whole file for one entry of another shape. Pure.

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::Ranged;

use super::super::flaw::Flaw;
use super::read::tree;

/// How hooks are laid out in an agent's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// `EVENT: [{ matcher?, hooks: [HOOK] }]`, and not `EVENT: [HOOK]`.
    pub(crate) grouped: bool,
    /// The only names that may stand at the top; none: any.
    pub(crate) top: &'static [&'static str],
    /// A hook of `type: "http"` makes the agent drop the file.
    pub(crate) no_http: bool,
}

/// Checks what is in a file before something is added to it.
///
/// # Errors
/// If the agent would ignore the file for it.
pub(super) fn check(text: &str, shape: Shape) -> Result<(), Flaw> {
    let tree = tree(text)?;
    let flaw = |node: &dyn Ranged, what: String| Err(Flaw::at(text, node.range().start, what));
    let Node::Object(root) = &tree.root else {
        return flaw(&tree.root, "settings are an object: {}".into());
    };
    for property in &root.properties {
        let name = property.name.as_str();
        if !shape.top.is_empty() && !shape.top.contains(&name) {
            return flaw(
                property,
                format!(
                    "{name:?} makes the agent ignore the whole file; only {} may stand here",
                    shape.top.join(", ")
                ),
            );
        }
    }
    let Some(hooks) = root.properties.iter().find(|one| one.name.as_str() == "hooks") else { return Ok(()) };
    let Node::Object(hooks) = &hooks.value else {
        return flaw(&hooks.value, "hooks are an object, an event a name: { \"Stop\": [] }".into());
    };
    for event in &hooks.properties {
        let Node::Array(entries) = &event.value else {
            return flaw(&event.value, format!("the hooks of {:?} are an array", event.name.as_str()));
        };
        for entry in &entries.elements {
            let Node::Object(group) = entry else { return flaw(entry, "a hook is an object".into()) };
            if !shape.grouped {
                continue;
            }
            let inner = group.properties.iter().find(|one| one.name.as_str() == "hooks");
            let Some(Node::Array(inner)) = inner.map(|inner| &inner.value) else {
                return flaw(entry, "an entry has its hooks in an array: { \"hooks\": [] }".into());
            };
            for hook in &inner.elements {
                let Node::Object(hook_object) = hook else { return flaw(hook, "a hook is an object".into()) };
                let kind = hook_object.properties.iter().find(|one| one.name.as_str() == "type");
                if let Some(Node::StringLit(kind)) = kind.map(|kind| &kind.value)
                    && shape.no_http
                    && kind.value == "http"
                {
                    return flaw(
                        hook,
                        "a hook of type http makes the agent ignore the whole file; remove it".into(),
                    );
                }
            }
        }
    }
    Ok(())
}
