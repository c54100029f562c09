//! One look at everything that the checks want to see.

use std::path::PathBuf;

use anyhow::Result;

use super::Args;
use crate::cli::converge::{self, Ask};
use crate::cli::list::servers;
use crate::cli::session::{self, Declared};
use crate::clients::claude::{installed_plugins, known_marketplaces};
use crate::doctor::{self, Agreed, Evidence, Finding, Repaired};
use crate::flow::checkup::{self, Scans, Tools};
use crate::flow::gather;
use crate::flow::observe::{self, Snapshot};
use crate::flow::plugin_servers::plugin_servers;
use crate::flow::server_environment::environment;
use crate::machine::env::Env;
use crate::machine::git::Git;
use crate::machine::store::tree::Fingerprints;
use crate::machine::terminal::{Ui, Verbosity};
use crate::model::Files;

/// What it takes to look.
pub struct Looks<'a> {
    args: &'a Args,
    env: &'a Env,
    ui: Ui,
}

/// What was seen, and what the checks say of it.
pub struct Look {
    pub declared: Declared,
    pub snapshot: Snapshot,
    pub findings: Vec<Finding>,
    pub repaired: Repaired,
}

impl<'a> Looks<'a> {
    pub fn new(args: &'a Args, env: &'a Env, ui: Ui) -> Self {
        Self { args, env, ui }
    }

    /// Looks at the machine as it is. What a repair would write supposes that a person agrees.
    pub fn look(&self, fingerprints: &mut Fingerprints) -> Result<Look> {
        self.look_as(Agreed::Yes, fingerprints)
    }

    pub fn look_as(&self, agreed: Agreed, fingerprints: &mut Fingerprints) -> Result<Look> {
        let declared = self.declared()?;
        let snapshot = session::snapshot(self.env, &declared.lock, fingerprints)?;
        Ok(self.judge(declared, snapshot, agreed, fingerprints))
    }

    /// Looks at the machine as it would be with other files of the clients.
    pub fn look_at(&self, files: Files, fingerprints: &mut Fingerprints) -> Result<Look> {
        let declared = self.declared()?;
        let snapshot = observe::see(&self.env.roots, files, &declared.lock, fingerprints);
        Ok(self.judge(declared, snapshot, Agreed::Yes, fingerprints))
    }

    fn declared(&self) -> Result<Declared> {
        session::declared_or_none(self.args.file.as_deref(), self.env)
    }

    fn judge(
        &self,
        declared: Declared,
        snapshot: Snapshot,
        agreed: Agreed,
        fingerprints: &mut Fingerprints,
    ) -> Look {
        let roots = &self.env.roots;
        let state = &snapshot.observed.state;
        let drifted =
            doctor::drifted(state, &declared.lock, &snapshot.observed.trees).next().is_some();
        let desired = drifted.then(|| self.offline(&declared, &snapshot, fingerprints));
        let mut scans = Scans::load(&roots.cache_dir);
        let git = Git::new(self.env.git_timeout);
        let mut tools = Tools { fingerprints, scans: &mut scans, git: &git };
        let disk = checkup::look_up(roots, &snapshot, &declared.lock, desired.as_ref(), &mut tools);
        scans.save_if_worth_it();
        let plugin_servers = plugin_servers(roots, state);
        let server_entries = servers::of(roots, &snapshot, &plugin_servers);
        let manifest = [declared.intent.manifest.as_path()];
        let registries = [known_marketplaces::path(roots), installed_plugins::path(roots)];
        let files = server_entries.iter().map(|server| server.file.as_path());
        let files = files.chain(manifest).chain(registries.iter().map(PathBuf::as_path));
        let environment = environment(roots, &server_entries, files.collect());
        let evidence = Evidence {
            roots,
            intent: Some(&declared.intent),
            lock: &declared.lock,
            files: &snapshot.files,
            problems: &snapshot.problems,
            observed: &snapshot.observed,
            cached: &observe::cached(roots),
            server_entries: &server_entries,
            environment: &environment,
            git_configs: &observe::git_configs(&snapshot.observed),
            skills: &gather::seen_skills(roots, &snapshot.observed),
            disk: &disk,
            policy: &snapshot.policy,
            now: &self.env.now,
        };
        let findings = doctor::check(&evidence);
        let salvage = checkup::salvage(roots, &declared.lock, &self.env.now);
        let repaired = doctor::repair(&evidence, &findings, &salvage, &self.env.now, agreed);
        Look { declared, snapshot, findings, repaired }
    }

    /// Returns what should be as far as that is known without fetching: it has the locked bytes.
    fn offline(
        &self,
        declared: &Declared,
        snapshot: &Snapshot,
        fingerprints: &mut Fingerprints,
    ) -> crate::resolve::Desired {
        let read = || self.declared();
        let ask = Ask { offline: true, ..Ask::new("", &read) };
        let quiet = Ui { verbosity: Verbosity::Quiet, ..self.ui };
        converge::resolve(&ask, self.env, quiet, declared, snapshot, fingerprints).desired
    }
}
