//! What a field of a tool that nobody knows is for, by its name: without case, `_` and `-`. Pure.

/// Names of commands end so.
const COMMAND_ENDS: [&str; 6] = ["command", "commands", "cmd", "cmds", "commandline", "cmdline"];
/// Further names of commands, and of the programs that arguments are for.
const COMMAND_NAMES: [&str; 6] = ["script", "scripts", "shellscript", "bashscript", "program", "executable"];
/// Names of the words that follow a command end so.
const WORDS_ENDS: [&str; 3] = ["args", "argv", "arguments"];
/// Names of files and folders end so.
const PATH_ENDS: [&str; 14] = [
    "path",
    "paths",
    "file",
    "files",
    "filename",
    "filenames",
    "directory",
    "directories",
    "dir",
    "dirs",
    "folder",
    "folders",
    "cwd",
    "workdir",
];
/// Further names of files.
const PATH_NAMES: [&str; 9] =
    ["source", "sources", "src", "destination", "destinations", "dest", "dst", "glob", "globs"];
/// What ends as a file's name does and is none.
const NO_PATHS: [&str; 2] = ["profile", "profiles"];
/// Names of addresses, of which those of files count, end so.
const ADDRESS_ENDS: [&str; 4] = ["uri", "uris", "url", "urls"];
/// Names of what is written or said: nothing in them is looked into.
const CONTENT_ENDS: [&str; 8] =
    ["content", "contents", "text", "string", "description", "prompt", "message", "body"];

/// What a field is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// It has a command.
    Command,
    /// Each of its texts is a command.
    Commands,
    /// It has the words that follow a command.
    Words,
    /// It has a file or a folder, or a list of them.
    Path,
    /// It has an address, which may be one of a file.
    Address,
    /// It has what is written or said: nothing in it is looked into.
    Content,
    /// It has something else.
    Other,
}

/// What a field of a tool's input is for.
pub(super) fn field(tool: &str, name: &str) -> Field {
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
    let is = |all: &[&str]| all.contains(&name.as_str());
    if ends(&CONTENT_ENDS) {
        Field::Content
    } else if ends(&COMMAND_ENDS) || is(&COMMAND_NAMES) {
        if name.ends_with('s') { Field::Commands } else { Field::Command }
    } else if ends(&WORDS_ENDS) {
        Field::Words
    } else if (ends(&PATH_ENDS) || is(&PATH_NAMES)) && !ends(&NO_PATHS)
        || name == "pattern" && finds_files(tool)
    {
        Field::Path
    } else if ends(&ADDRESS_ENDS) {
        Field::Address
    } else {
        Field::Other
    }
}

/// Whether a tool's pattern is one of files, as far as is known: otherwise it is one of what stands in them.
fn finds_files(tool: &str) -> bool {
    let tool = tool.to_lowercase();
    !["grep", "regex", "search_file_content", "search_text", "search_code"].iter().any(|of| tool.contains(of))
}
