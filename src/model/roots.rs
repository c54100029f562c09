//! Every folder and file that we act on, worked out once by `env`.

use std::path::{Path, PathBuf};

use super::Scope;

/// Absolute paths; nothing below them needs to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    pub home: PathBuf,
    /// `~/.claude`, or `CLAUDE_CONFIG_DIR`.
    pub claude_dir: PathBuf,
    /// `~/.claude.json`, or `.claude.json` inside `CLAUDE_CONFIG_DIR`.
    pub claude_json: PathBuf,
    /// `<claude_dir>/plugins`, or `CLAUDE_CODE_PLUGIN_CACHE_DIR`.
    pub claude_plugins: PathBuf,
    /// `/etc/claude-code` on Linux.
    pub claude_managed: PathBuf,
    /// `~/.agents`.
    pub agents_dir: PathBuf,
    /// `~/.config/zskills`.
    pub config_dir: PathBuf,
    /// `~/.cache/zskills`.
    pub cache_dir: PathBuf,
    /// `~/.local/state/zskills`.
    pub state_dir: PathBuf,
    pub cwd: PathBuf,
    /// The git root of `cwd`, else `cwd`.
    pub project: PathBuf,
}

impl Roots {
    /// Returns what holds for a home when no variable moves anything.
    pub fn below(home: &Path, project: &Path) -> Self {
        let claude_dir = home.join(".claude");
        Self {
            claude_json: home.join(".claude.json"),
            claude_plugins: claude_dir.join("plugins"),
            claude_managed: PathBuf::from("/etc/claude-code"),
            agents_dir: home.join(".agents"),
            config_dir: home.join(".config/zskills"),
            cache_dir: home.join(".cache/zskills"),
            state_dir: home.join(".local/state/zskills"),
            cwd: project.to_owned(),
            project: project.to_owned(),
            home: home.to_owned(),
            claude_dir,
        }
    }

    /// Returns the folder for a path that starts with `~`, else the path below `base`.
    pub fn resolve(&self, text: &str, base: &Path) -> PathBuf {
        match text.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) if rest.starts_with('/') => self.home.join(rest.trim_start_matches('/')),
            _ => base.join(text),
        }
    }

    /// Returns the folder in which the skills of a scope live.
    pub fn skills(&self, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => self.agents_dir.join("skills"),
            Scope::Project | Scope::Local => self.project.join(".agents/skills"),
        }
    }

    /// Returns the folder in which Claude Code looks for the skills of a scope.
    pub fn claude_skills(&self, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => self.claude_dir.join("skills"),
            Scope::Project | Scope::Local => self.project.join(".claude/skills"),
        }
    }

    /// Returns the scopes that skills can have here: in the home itself the project is the user.
    pub fn skill_scopes(&self) -> impl Iterator<Item = Scope> + use<> {
        let apart = self.skills(Scope::Project) != self.skills(Scope::User);
        [Scope::User, Scope::Project].into_iter().take(1 + usize::from(apart))
    }
}
