//! The table of floors.

use std::collections::BTreeMap;

/// Which folder is on which floor, and what it may use.
#[derive(Debug)]
pub(crate) struct Table {
    rows: BTreeMap<String, Row>,
}

#[derive(Debug)]
struct Row {
    /// `None`: everything.
    may_use: Option<Vec<String>>,
    /// Whether every folder may use it.
    by_all: bool,
}

impl Table {
    /// Reads the table whose head begins with `| floor | folder |`: folders and what they may use stand in backticks; `all`
    /// in the last column is everything, and a floor named `all` may be used by every folder.
    ///
    /// # Errors
    /// If there is none, a row names a folder twice, or one that it may use is not below it.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let lines = text.lines().skip_while(|line| !line.starts_with("| floor | folder |")).skip(2);
        let (mut rows, mut floors) = (BTreeMap::new(), BTreeMap::new());
        for line in lines.take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [floor, folders, _, may_use] = cells[..] else {
                return Err(format!("not four cells: {line}"));
            };
            for folder in quoted(folders) {
                let may_use = (may_use != "all").then(|| quoted(may_use));
                floors.insert(folder.clone(), floor.parse::<u32>().unwrap_or(0));
                if rows.insert(folder.clone(), Row { may_use, by_all: floor == "all" }).is_some() {
                    return Err(format!("{folder} is there twice"));
                }
            }
        }
        if rows.is_empty() {
            return Err("there is no table of floors".into());
        }
        for (folder, row) in &rows {
            for used in row.may_use.iter().flatten() {
                match floors.get(used) {
                    None => return Err(format!("{folder} may use {used}, which has no row")),
                    Some(floor) if *floor >= floors[folder] => {
                        return Err(format!("{folder} may use {used}, which is not below it"));
                    }
                    Some(_) => {}
                }
            }
        }
        Ok(Self { rows })
    }

    pub(crate) fn knows(&self, folder: &str) -> bool {
        self.rows.contains_key(folder)
    }

    pub(crate) fn folders(&self) -> impl Iterator<Item = &String> {
        self.rows.keys()
    }

    pub(crate) fn allows(&self, from: &str, to: &str) -> bool {
        let by_all = self.rows.get(to).is_some_and(|row| row.by_all);
        let may_use = self.rows.get(from).and_then(|row| row.may_use.as_ref());
        by_all || may_use.is_none_or(|list| list.iter().any(|used| used == to))
    }
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches('/').to_owned()).collect()
}

#[test]
fn a_table_whose_arrows_go_up_is_none() {
    let table = |may_use: &str| {
        Table::read(&format!(
            "| floor | folder | is | may use |\n|---|---|---|---|\n| 1 | `a/` | . | |\n| 0 | `b` | . | {may_use} |\n"
        ))
    };
    assert!(table("").is_ok());
    assert_eq!(table("`a`").unwrap_err(), "b may use a, which is not below it");
    assert_eq!(table("`c`").unwrap_err(), "b may use c, which has no row");
    assert_eq!(Table::read("no table").unwrap_err(), "there is no table of floors");
}
