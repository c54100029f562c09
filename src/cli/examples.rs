//! The examples below the help of each command; a test has clap read every one.

pub const ZSKILLS: &str = "\
Examples:
  zskills init                        # a manifest from what is installed
  zskills install pdf@tools           # into the manifest and onto the machine
  zskills status                      # what sync would do
  zskills sync
  zskills doctor --fix";

pub const SYNC: &str = "\
Examples:
  zskills sync
  zskills sync --check                # exit 3 when there are changes
  zskills sync --frozen               # exactly what the lock says, without the network
  zskills sync --adopt                # write what is installed into the manifest
  zskills sync --file skills.toml";

pub const STATUS: &str = "\
Examples:
  zskills status
  zskills status --check --json";

pub const LIST: &str = "\
Examples:
  zskills list
  zskills list --paths --json";

pub const DOCTOR: &str = "\
Examples:
  zskills doctor
  zskills doctor --fix
  zskills doctor --check --strict
  zskills doctor --explain intent.missing";

pub const WHY: &str = "\
Examples:
  zskills why github
  zskills why ~/.claude/skills/pdf";

pub const INSTALL: &str = "\
Examples:
  zskills install superpowers@superpowers-marketplace
  zskills install anthropics/skills --skill pdf
  zskills install ./my-skills --all
  zskills install --mcp docs https://docs.example.com/mcp --bearer-token-env-var DOCS_TOKEN
  zskills install --mcp files -- npx -y @modelcontextprotocol/server-filesystem@2025.8.21 .";

pub const REMOVE: &str = "\
Examples:
  zskills remove superpowers
  zskills remove mcp:github
  zskills remove -i";

pub const PURGE: &str = "\
Examples:
  zskills purge superpowers --yes";

pub const ENABLE: &str = "\
Examples:
  zskills enable superpowers";

pub const DISABLE: &str = "\
Examples:
  zskills disable superpowers --scope project";

pub const UPGRADE: &str = "\
Examples:
  zskills upgrade
  zskills upgrade superpowers
  zskills upgrade superpowers --accept-capabilities superpowers";

pub const UPDATE: &str = "\
Examples:
  zskills update
  zskills update superpowers-marketplace";

pub const OUTDATED: &str = "\
Examples:
  zskills outdated
  zskills outdated --check --json";

pub const SEARCH: &str = "\
Examples:
  zskills search pull request
  zskills search git -i";

pub const INFO: &str = "\
Examples:
  zskills info superpowers";

pub const INIT: &str = "\
Examples:
  zskills init
  zskills init --dry-run";

pub const EDIT: &str = "\
Examples:
  zskills edit
  zskills edit --file skills.toml";

pub const MARKETPLACE: &str = "\
Examples:
  zskills marketplace add obra/superpowers-marketplace
  zskills marketplace list --online
  zskills marketplace remove superpowers-marketplace";

pub const LINT: &str = "\
Examples:
  zskills lint
  zskills lint ~/my-skills --json";

pub const HISTORY: &str = "\
Examples:
  zskills history
  zskills history show 3
  zskills history diff 3              # from the end of run 3 until now";

pub const UNDO: &str = "\
Examples:
  zskills undo
  zskills undo --dry-run
  zskills undo 3                      # back to before run 3";

pub const GC: &str = "\
Examples:
  zskills gc --dry-run
  zskills gc --client-cache --yes";

pub const APPLY: &str = "\
Examples:
  zskills sync --dry-run --out plan.json
  zskills apply plan.json";
