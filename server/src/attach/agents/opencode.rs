//! opencode: a plugin, a file of its own, which posts bus events and hooks by itself. Pure.

use serde_json::{Map, Value};

use super::super::{Content, Place};
use super::{Folders, Wish};
use crate::ingest::Agent;

const PLUGIN: &str = include_str!("opencode.js");
/// What stands in the plugin where the server and the room are said.
const SAID: &str = "{/* said */}";

pub(super) fn places(folders: &Folders, wish: &Wish) -> Vec<Place> {
    let file = folders.file(Agent::Opencode, ".opencode/plugins/arcane.js", "plugins/arcane.js");
    let mut said = Map::new();
    for flag in wish.more.chunks_exact(2) {
        said.insert(flag[0].trim_start_matches('-').to_owned(), Value::from(&*flag[1]));
    }
    if wish.answers {
        said.insert("answer".to_owned(), Value::from(true));
    }
    let plugin = PLUGIN.replacen(SAID, &Value::Object(said).to_string(), 1);
    vec![Place { file, what: "plugin", content: Content::Whole(plugin) }]
}
