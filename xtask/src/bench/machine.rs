//! The machine and the programs of a measurement, without names and paths.

use std::fs;
use std::thread;

use super::peers::Ready;
use crate::process;
use crate::project::Project;

/// What the page says about where it was measured.
pub(crate) fn describe(project: &Project, ready: &[Ready], shared: Shared, line: &str) -> String {
    let mut facts = vec![
        ("command", format!("`{line}`")),
        ("date", said(project, "date", &["-u", "+%Y-%m-%d"])),
        ("processor", processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default())),
        ("cores", cores(shared)),
        ("memory", memory(&fs::read_to_string("/proc/meminfo").unwrap_or_default())),
        ("system", said(project, "uname", &["-srm"])),
        ("load average before", load(&fs::read_to_string("/proc/loadavg").unwrap_or_default())),
    ];
    facts.extend(ready.iter().map(|ready| (ready.peer.name(), ready.version.clone())));
    let lines: Vec<String> = facts.iter().map(|(what, it)| format!("- {what}: {it}")).collect();
    lines.join("\n")
}

fn said(project: &Project, program: &str, arguments: &[&str]) -> String {
    process::output(project.command(program).args(arguments)).unwrap_or_else(|| "unknown".to_owned())
}

/// How the cores are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shared {
    /// The server has one, the load another.
    Apart,
    /// They were to be kept apart, and could not be.
    NotApart,
    /// All of a cluster and its load share them.
    Together,
}

fn cores(shared: Shared) -> String {
    let count = thread::available_parallelism().map_or(1, usize::from);
    let how = match shared {
        Shared::Apart => "the server on one, the load on another",
        Shared::NotApart => "not separated",
        Shared::Together => {
            "shared by the load and what is measured: of a cluster three nats-servers and three nodes"
        }
    };
    format!("{count}; {how}")
}

/// How many processes were about to run, on average over the last minute.
fn load(loadavg: &str) -> String {
    loadavg.split_whitespace().next().unwrap_or("unknown").to_owned()
}

fn processor(cpuinfo: &str) -> String {
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or("unknown", |(_, model)| model.trim()).to_owned()
}

fn memory(meminfo: &str) -> String {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|total| total.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kib.map_or_else(|| "unknown".to_owned(), |kib| format!("{:.1} GiB", kib / 1024.0 / 1024.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_what_it_is() {
        assert_eq!(processor("processor\t: 0\nmodel name\t: AMD EPYC 7\nflags\t: fpu\n"), "AMD EPYC 7");
        assert_eq!(processor(""), "unknown");
        assert_eq!(memory("MemFree: 1 kB\nMemTotal:       24683656 kB\n"), "23.5 GiB");
        assert_eq!(memory("MemTotal: lots"), "unknown");
        assert_eq!(load("0.74 1.47 1.93 2/200 7\n"), "0.74");
    }
}
