//! Checks of the files of clients.

use super::Check;
use crate::doctor::Severity::{Error, Warning};

pub(super) const FILES: [Check; 10] = [
    Check {
        id: "settings.syntax",
        severity: Error,
        title: "a settings file that is not plain JSON",
        cause: "The client then ignores the whole file without a word; comments and a comma before a \
                closing bracket are enough.",
        fix: "when it is only comments and such commas, `--fix` asks and takes them out, keeping a \
              copy. Anything else is yours to correct: zskills does not guess.",
    },
    Check {
        id: "settings.schema",
        severity: Error,
        title: "a value of a wrong type in settings",
        cause: "One value such as `\"plugin@marketplace\": \"yes\"` makes the client ignore the whole \
                file.",
        fix: "by hand: correct the value.",
    },
    Check {
        id: "settings.unknown-kind",
        severity: Error,
        title: "a kind of source that the client does not know",
        cause: "`extraKnownMarketplaces` names a kind of source of which the client makes nothing; it \
                ignores the whole file.",
        fix: "by hand: take the entry out.",
    },
    Check {
        id: "readonly.settings",
        severity: Warning,
        title: "a client file that cannot be written",
        cause: "The file, or the one that its link leads to, is read-only: another program generates \
                it. Neither the client nor zskills can switch a plugin there.",
        fix: "by hand: let the generating program write it, or make it writable. It is never replaced.",
    },
    Check {
        id: "registry.syntax",
        severity: Error,
        title: "a marketplace registry that cannot be read",
        cause: "`known_marketplaces.json` is empty, cut off or not JSON; every marketplace command of \
                the client fails.",
        fix: "`--fix` keeps a copy and writes it anew from the manifest, the lock, \
              `extraKnownMarketplaces` and the clones on disk.",
    },
    Check {
        id: "registry.schema",
        severity: Error,
        title: "a marketplace entry that the client rejects",
        cause: "An entry of `known_marketplaces.json` lacks something or has it in another type, so \
                that the client refuses the whole file.",
        fix: "`--fix` keeps a copy, completes the entry, or takes it out if it has no source.",
    },
    Check {
        id: "registry.unknown-kind",
        severity: Error,
        title: "a marketplace of a kind that the client does not know",
        cause: "One entry of such a kind makes the client refuse all of `known_marketplaces.json`.",
        fix: "`--fix` keeps a copy and takes the entry out.",
    },
    Check {
        id: "inventory.syntax",
        severity: Error,
        title: "a plugin inventory that cannot be read",
        cause: "`installed_plugins.json` is empty, cut off or not JSON; the client takes nothing for \
                installed, and says nothing.",
        fix: "`--fix` keeps a copy and writes it anew from the manifest, the lock, the switches in \
              settings and the bytes on disk.",
    },
    Check {
        id: "inventory.schema",
        severity: Error,
        title: "an inventory record that the client rejects",
        cause: "A record in `installed_plugins.json` lacks its scope or its folder; the client then \
                takes nothing for installed.",
        fix: "`--fix` keeps a copy and takes the record out; what is wanted is installed again.",
    },
    Check {
        id: "inventory.version",
        severity: Error,
        title: "an inventory of an unknown version",
        cause: "`installed_plugins.json` is of a version that this zskills does not know.",
        fix: "`--fix` keeps a copy and writes it anew; if a newer client wrote it, update zskills \
              instead.",
    },
];
