//! Circles between the modules of one folder. The folder's own `mod.rs` is the folder and not one of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Arrow;

type Graph<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// A sentence for each circle: the folder, the way round, and the files that it goes through.
pub(crate) fn of_siblings(arrows: &[Arrow]) -> Vec<String> {
    let mut folders: BTreeMap<&[String], Graph<'_>> = BTreeMap::new();
    for Arrow { file, from, to } in arrows {
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        // The arrows between the folders of the whole are the table's.
        if common == 0 {
            continue;
        }
        if let (Some(a), Some(b)) = (from.get(common), to.get(common)) {
            folders.entry(&from[..common]).or_default().entry(a).or_default().entry(b).or_insert(file);
        }
    }
    let circle = |(folder, graph): (&[String], Graph<'_>)| {
        let way = way_round(&graph)?;
        let steps = way.windows(2).map(|pair| graph[pair[0]][pair[1]]).collect::<BTreeSet<_>>();
        let files = steps.into_iter().collect::<Vec<_>>().join(", ");
        Some(format!("{}: a circle: {} (in {files})", folder.join("::"), way.join(" -> ")))
    };
    folders.into_iter().filter_map(circle).collect()
}

/// One circle of a graph, its first module again at its end.
fn way_round<'a>(graph: &Graph<'a>) -> Option<Vec<&'a str>> {
    let mut done = BTreeSet::new();
    graph.keys().find_map(|start| visit(graph, start, &mut Vec::new(), &mut done))
}

fn visit<'a>(
    graph: &Graph<'a>,
    module: &'a str,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<&'a str>> {
    if let Some(at) = way.iter().position(|seen| *seen == module) {
        return Some(way[at..].iter().copied().chain([module]).collect());
    }
    if !done.insert(module) {
        return None;
    }
    way.push(module);
    let found = graph.get(module).and_then(|next| next.keys().find_map(|to| visit(graph, to, way, done)));
    way.pop();
    found
}
