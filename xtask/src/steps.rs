//! Steps in a row, and the table of how they went.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed(Duration),
    Failed(Duration),
    NotRun,
}

/// The steps so far.
#[derive(Debug)]
pub(crate) struct Steps {
    keep_going: bool,
    done: Vec<(&'static str, Outcome)>,
    errors: Vec<String>,
    remarks: Vec<String>,
}

impl Steps {
    /// None yet; whether a failure stops the ones that follow.
    pub(crate) fn new(keep_going: bool) -> Self {
        Self { keep_going, done: Vec::new(), errors: Vec::new(), remarks: Vec::new() }
    }

    /// Does one step, unless an earlier one failed. What it remarks on fails nothing and stands below the table.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce(&mut Vec<String>) -> Result<()>) {
        if !self.errors.is_empty() && !self.keep_going {
            self.done.push((name, Outcome::NotRun));
            return;
        }
        println!("\n━━ {name}");
        let start = Instant::now();
        let result = work(&mut self.remarks);
        let took = start.elapsed();
        self.done.push((name, if result.is_ok() { Outcome::Passed(took) } else { Outcome::Failed(took) }));
        if let Err(error) = result {
            println!("\n{name}: {error:#}");
            self.errors.push(format!("{name}: {error:#}"));
        }
    }

    /// Prints the table and the verdict.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n{}", self.table());
        if self.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn table(&self) -> String {
        let mut lines = Vec::new();
        for (name, outcome) in &self.done {
            lines.push(match outcome {
                Outcome::Passed(took) => format!("{name:<12} passed   {:>6.1} s", took.as_secs_f64()),
                Outcome::Failed(took) => format!("{name:<12} FAILED   {:>6.1} s", took.as_secs_f64()),
                Outcome::NotRun => format!("{name:<12} not run"),
            });
        }
        lines.extend(self.remarks.iter().chain(&self.errors).cloned());
        let count = |wanted: fn(&Outcome) -> bool| self.done.iter().filter(|(_, o)| wanted(o)).count();
        let passed = count(|outcome| matches!(outcome, Outcome::Passed(_)));
        let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
        lines.push(format!("{passed} passed, {failed} failed"));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn three(keep_going: bool) -> String {
        let mut steps = Steps::new(keep_going);
        steps.step("one", |_| Ok(()));
        steps.step("two", |_| bail!("it broke"));
        steps.step("three", |_| Ok(()));
        steps.table()
    }

    #[test]
    fn a_failure_stops_what_follows() {
        let table = three(false);
        assert!(table.contains("three        not run\ntwo: it broke\n"), "{table}");
        assert!(table.ends_with("\n1 passed, 1 failed"), "{table}");
    }

    #[test]
    fn a_failure_can_be_passed_over() {
        assert!(three(true).ends_with("\n2 passed, 1 failed"));
    }

    #[test]
    fn a_remark_is_in_the_table_and_fails_nothing() {
        let mut steps = Steps::new(false);
        steps.step("one", |remarks| {
            remarks.push("flaky: a story".to_owned());
            Ok(())
        });
        steps.step("two", |_| Ok(()));
        let table = steps.table();
        assert!(table.ends_with("\nflaky: a story\n2 passed, 0 failed"), "{table}");
    }
}
