//! Tables that read well in a terminal and are Markdown.

/// Rows under a head.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    /// How many of the columns, from the left, hold words.
    words: usize,
}

impl Table {
    /// Only a head yet; the first `words` columns are aligned to the left.
    pub(crate) fn new(head: &[&str], words: usize) -> Self {
        Self { rows: vec![head.iter().map(|&title| title.to_owned()).collect()], words }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// As text, each row ended by a line break.
    pub(crate) fn text(&self) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (nth, row) in self.rows.iter().enumerate() {
            text.push('|');
            for (column, &width) in widths.iter().enumerate() {
                let cell = row.get(column).map_or("", String::as_str);
                let cell = if column < self.words {
                    format!(" {cell:<width$} |")
                } else {
                    format!(" {cell:>width$} |")
                };
                text.push_str(&cell);
            }
            text.push('\n');
            if nth == 0 {
                text.push('|');
                for (column, &width) in widths.iter().enumerate() {
                    let right = if column < self.words { "-" } else { ":" };
                    text.push_str(&format!(" {}{right} |", "-".repeat(width - 1)));
                }
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_to_the_left_and_figures_to_the_right() {
        let mut table = Table::new(&["peer", "µs"], 1);
        table.row(vec!["bun".to_owned(), "0.270".to_owned()]);
        table.row(vec!["arcane".to_owned()]);
        let expected = "\
| peer   |    µs |
| ------ | ----: |
| bun    | 0.270 |
| arcane |       |
";
        assert_eq!(table.text(), expected);
    }
}
