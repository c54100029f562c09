//! One look at everything that the checks want to see.

use std::path::PathBuf;

use anyhow::Result;

use super::checkup::{self, Scans, Tools};
use super::converge::{self, Ask};
use super::gather;
use super::host::Silent;
use super::manifest::Declared;
use super::observe::{self, Snapshot};
use super::plugin_servers::{plugin_servers, server_entries};
use super::server_environment::environment;
use crate::clients;
use crate::doctor::{self, Agreed, Evidence, Finding, Repaired};
use crate::machine::env::Env;
use crate::machine::git::Git;
use crate::machine::store::tree::Fingerprints;
use crate::model::{Client, Files};
use crate::resolve::Desired;

/// What it takes to look.
#[derive(Clone, Copy)]
pub struct Looks<'a> {
    /// Reads the manifest and the lock.
    pub declared: &'a dyn Fn() -> Result<Declared>,
    pub env: &'a Env,
}

/// What was seen, and what the checks say of it.
pub struct Look {
    pub declared: Declared,
    pub snapshot: Snapshot,
    pub findings: Vec<Finding>,
    pub repaired: Repaired,
}

impl Looks<'_> {
    /// Looks at the machine as it is. What a repair would write supposes that a person agrees.
    pub fn look(&self, fingerprints: &mut Fingerprints) -> Result<Look> {
        self.look_as(Agreed::Yes, fingerprints)
    }

    pub fn look_as(&self, agreed: Agreed, fingerprints: &mut Fingerprints) -> Result<Look> {
        let declared = (self.declared)()?;
        let snapshot = observe::observe(&self.env.roots, &declared.lock, fingerprints)?;
        Ok(self.judge(declared, snapshot, agreed, fingerprints))
    }

    /// Looks at the machine as it would be with other files of the clients.
    pub fn look_at(&self, files: Files, fingerprints: &mut Fingerprints) -> Result<Look> {
        let declared = (self.declared)()?;
        let snapshot = observe::see(&self.env.roots, files, &declared.lock, fingerprints);
        Ok(self.judge(declared, snapshot, Agreed::Yes, fingerprints))
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
        let server_entries = server_entries(roots, &snapshot, &plugin_servers);
        let manifest = [declared.intent.manifest.as_path()];
        let layouts = clients::with_plugins();
        let registries: Vec<_> = layouts.flat_map(|(_, layout)| layout.registries(roots)).collect();
        let files = server_entries.iter().map(|server| server.file.as_path());
        let files = files.chain(manifest).chain(registries.iter().map(PathBuf::as_path));
        let environment = environment(roots, &server_entries, files.collect());
        let evidence = Evidence {
            roots,
            client: Client::TARGET,
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
    ) -> Desired {
        let ask = Ask { offline: true, ..Ask::new(self.declared) };
        converge::resolve(&ask, self.env, &Silent, declared, snapshot, fingerprints).desired
    }
}
