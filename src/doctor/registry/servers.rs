//! Checks of MCP servers.

use super::Check;
use crate::doctor::Severity::{Error, Info, Warning};

pub(super) const SERVERS: [Check; 14] = [
    Check {
        id: "mcp.syntax",
        severity: Error,
        title: "a file with MCP servers that is not JSON",
        cause: "The client reads no server from it.",
        fix: "by hand: correct it in an editor.",
    },
    Check {
        id: "mcp.schema",
        severity: Error,
        title: "an MCP server of a wrong shape",
        cause: "The client skips or refuses the entry.",
        fix: "`--fix` adds a `type` that the address tells; the rest is by hand.",
    },
    Check {
        id: "mcp.flat",
        severity: Error,
        title: "servers at the top of a project's `.mcp.json`",
        cause: "The client wants them under `mcpServers`, and refuses the file.",
        fix: "`--fix` wraps them.",
    },
    Check {
        id: "mcp.ignored-location",
        severity: Error,
        title: "servers where the client does not look",
        cause: "`mcpServers` stands in a file from which the client reads none, such as \
                `settings.json`.",
        fix: "`--fix` moves them to where the client looks, if their names are free there.",
    },
    Check {
        id: "mcp.symlink",
        severity: Warning,
        title: "a project's `.mcp.json` that is a link",
        cause: "The client reads it, but refuses to write through it.",
        fix: "by hand: replace the link by the file.",
    },
    Check {
        id: "mcp.command-missing",
        severity: Warning,
        title: "a server's program that is not there",
        cause: "The command of a server is neither a file nor on PATH, so the client cannot start it.",
        fix: "by hand: install the program, or give its full path.",
    },
    Check {
        id: "mcp.env-unset",
        severity: Warning,
        title: "a variable that is not set",
        cause: "A server refers to `${NAME}` without a default, and NAME is not set here; the server \
                gets the reference itself as text.",
        fix: "by hand: export it where the client is started, or write `${NAME:-default}`.",
    },
    Check {
        id: "mcp.env-syntax",
        severity: Warning,
        title: "a reference in the spelling of another program",
        cause: "The client replaces `${NAME}` only; `$NAME` or `${env:NAME}` reach the server as they are.",
        fix: "by hand: write `${NAME}`.",
    },
    Check {
        id: "mcp.sse-deprecated",
        severity: Warning,
        title: "a transport on its way out",
        cause: "The server is reached over `sse`, which is deprecated and which servers switch off.",
        fix: "by hand: use `http` if the server has it.",
    },
    Check {
        id: "mcp.url-and-command",
        severity: Warning,
        title: "a server with a program and an address",
        cause: "An entry has `url` together with `command`; other clients refuse the whole file for it.",
        fix: "by hand: keep one of the two.",
    },
    Check {
        id: "mcp.shadowed",
        severity: Warning,
        title: "a server that another one hides",
        cause: "One name stands in several scopes with different entries, or a plugin's server is the \
                same as another; the client uses one of them.",
        fix: "by hand: `zskills why` shows all places; remove or rename one.",
    },
    Check {
        id: "mcp.secret-literal",
        severity: Error,
        title: "a secret in a file that is shared",
        cause: "An entry of a server holds a literal token or password in a file that git tracks, or in \
                the manifest. doctor never prints it.",
        fix: "by hand: write `${NAME}`, export NAME where the client is started, and replace the secret: \
              it is in the history.",
    },
    Check {
        id: "mcp.unpinned",
        severity: Warning,
        title: "a package in whatever version is newest",
        cause: "A server is started from a package without an exact version; whoever publishes the next \
                one runs code here.",
        fix: "by hand: name an exact version or digest.",
    },
    Check {
        id: "mcp.pending",
        severity: Info,
        title: "a project's server that waits for you",
        cause: "The client starts servers of a project's `.mcp.json` only once a person approved them.",
        fix: "by hand: approve it in the client if you trust it; zskills does not do so for you.",
    },
];
