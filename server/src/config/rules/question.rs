//! What an agent asks, as rules look at it. Pure.

use arcane_shared::DaemonName;

/// What an agent asks: may this tool do this?
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Who asks.
    pub agent: &'q DaemonName,
    /// In which project; `None`: in none, or in one that is not known. A rule for a project does not fit it then.
    pub project: Option<&'q str>,
    /// The tool, as the agent calls it.
    pub tool: &'q str,
    /// The text that a shell would run, whole. Not for lists of arguments, patches or code of other languages: `None` then.
    pub command: Option<&'q str>,
    /// The file or folder that the tool would read or change, as the agent names it.
    pub path: Option<&'q str>,
    /// The folder of the project, absolute: what relative paths and relative patterns begin at.
    pub cwd: Option<&'q str>,
}
