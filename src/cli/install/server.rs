//! An MCP server on the command line, in the words of `claude mcp add` and `codex mcp add`.

use anyhow::{Result, bail};

use crate::declared::manifest::{self, edit};
use crate::machine::env::Env;
use crate::model::{
    Binding, Faults, Position, Roots, Scope, ServerRecord, Text, Transport, WantedServer,
};

/// The flags that say what a server is.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "MCP server")]
pub struct ServerArgs {
    /// Install an MCP server of this name: its address, or its command behind `--`
    #[arg(long, value_name = "NAME", conflicts_with = "interactive")]
    mcp: Option<String>,
    /// A variable for the server that is started; may be given more than once
    #[arg(short, long, value_name = "KEY=VALUE", requires = "mcp")]
    env: Vec<String>,
    /// A header for the server that is called; may be given more than once
    #[arg(short = 'H', long, value_name = "NAME: VALUE", requires = "mcp")]
    header: Vec<String>,
    /// stdio, http, sse or ws [default: told from the rest]
    #[arg(short, long, value_name = "KIND", requires = "mcp", value_parser = transport)]
    transport: Option<Transport>,
    /// The address of the server
    #[arg(long, value_name = "URL", requires = "mcp")]
    url: Option<String>,
    /// Send the value of this variable as bearer token
    #[arg(long, value_name = "VARIABLE", requires = "mcp")]
    bearer_token_env_var: Option<String>,
    /// The command that starts the server, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

fn transport(text: &str) -> Result<Transport, String> {
    let text = if text == "streamable-http" { "http" } else { text };
    let known = Transport::ALL.into_iter().find(|known| known.as_str() == text);
    known.ok_or_else(|| "is not one of stdio, http, sse, ws".to_owned())
}

impl ServerArgs {
    /// Returns the server; its address is taken out of the specs.
    ///
    /// # Errors
    /// What is said makes no server.
    pub fn wanted(
        &self,
        specs: &mut Vec<String>,
        scope: Scope,
        env: &Env,
    ) -> Result<Option<WantedServer>> {
        let Some(name) = &self.mcp else {
            if self.command.is_empty() {
                return Ok(None);
            }
            bail!("a command behind `--` is for an MCP server\nhint: name it with `--mcp NAME`");
        };
        let is_address = |spec: &String| spec.contains("://") || spec.starts_with("${");
        let url = match &self.url {
            Some(url) => Some(url.clone()),
            None if self.command.is_empty() => {
                specs.iter().position(is_address).map(|at| specs.remove(at))
            }
            None => None,
        };
        let Some(transport) = self.kind(url.as_deref()) else {
            bail!(
                "the server `{name}` has neither an address nor a command\n\
                 hint: `--mcp {name} https://…`, or `--mcp {name} -- command arguments…`"
            );
        };
        let mut words = self.command.iter().cloned();
        let mut headers = pairs(&self.header, ':', "--header", "`NAME: VALUE`")?;
        headers.extend(
            self.bearer_token_env_var
                .iter()
                .map(|variable| ("Authorization".to_owned(), format!("Bearer ${{{variable}}}"))),
        );
        let server = WantedServer {
            name: name.clone(),
            record: ServerRecord {
                transport: Some(transport),
                command: words.next().map(Text::from),
                args: words.map(Text::from).collect(),
                env: pairs(&self.env, '=', "--env", "`KEY=VALUE`")?.into_iter().collect(),
                url: url.map(Text::from),
                headers: headers.into_iter().collect(),
                ..ServerRecord::default()
            },
            scope,
            at: Position { line: 1, column: 1 },
        };
        as_the_manifest_has_it(&server, env).map(Some)
    }

    fn kind(&self, url: Option<&str>) -> Option<Transport> {
        let told = match (url, self.command.is_empty()) {
            (Some(url), _) if url.starts_with("ws") => Some(Transport::Ws),
            (Some(_), _) => Some(Transport::Http),
            (None, false) => Some(Transport::Stdio),
            (None, true) => None,
        }?;
        Some(self.transport.clone().unwrap_or(told))
    }
}

fn pairs(words: &[String], mark: char, flag: &str, form: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for word in words {
        let Some((name, value)) = word.split_once(mark) else {
            // The word may be a secret, so it is not shown.
            bail!("a value of `{flag}` has no `{mark}`\nhint: write {form}");
        };
        pairs.push((name.trim().to_owned(), value.trim_start().to_owned()));
    }
    Ok(pairs)
}

/// Reads a server as the manifest would, so that what is wrong is said before anything is done.
fn as_the_manifest_has_it(server: &WantedServer, env: &Env) -> Result<WantedServer> {
    let file = &env.manifest;
    let text = edit::add_server(file, "", server).map_err(Faults::from)?;
    // Alone it is bound to nothing, and waits for nothing.
    let roots = Roots { binding: Binding::Own, ..env.roots.clone() };
    let intent = manifest::parse(file, &text, &roots).map_err(|faults| {
        let said = faults.into_iter().map(|fault| match fault.hint {
            Some(hint) => format!("{}\nhint: {hint}", fault.message),
            None => fault.message,
        });
        anyhow::anyhow!("{}", said.collect::<Vec<_>>().join("\n"))
    })?;
    intent.servers.into_iter().next().ok_or_else(|| anyhow::anyhow!("no server is named"))
}
