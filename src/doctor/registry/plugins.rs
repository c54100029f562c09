//! Checks of what is wanted, recorded and on disk.

use super::Check;
use crate::doctor::Severity::{Error, Info, Warning};

pub(super) const PLUGINS: [Check; 10] = [
    Check {
        id: "intent.missing",
        severity: Error,
        title: "something wanted is not there",
        cause: "The manifest, or a switch in the client's settings, asks for a plugin or marketplace \
                that is not installed, or not in the asked-for state. A switch that came with a \
                dotfile repository to a new machine installs nothing, and the client says nothing.",
        fix: "`--fix` installs it; the switch is never taken away.",
    },
    Check {
        id: "enabled.ghost",
        severity: Warning,
        title: "a switch for a plugin that cannot be had",
        cause: "`enabledPlugins` switches on a plugin whose marketplace is known from nowhere, or \
                does not list it. The client shows such a switch nowhere.",
        fix: "by hand: declare the marketplace in the manifest, correct the name, or remove the key.",
    },
    Check {
        id: "inventory.no-marketplace",
        severity: Error,
        title: "an installed plugin without its marketplace",
        cause: "A plugin is installed, but its marketplace is not registered; the client lists the \
                plugin with an error and does not load it.",
        fix: "`--fix` registers the marketplace again, if its source is known.",
    },
    Check {
        id: "inventory.no-bytes",
        severity: Error,
        title: "a recorded plugin without its folder",
        cause: "`installed_plugins.json` records a plugin whose folder is gone.",
        fix: "`--fix` brings the locked bytes back.",
    },
    Check {
        id: "dependency.missing",
        severity: Error,
        title: "a plugin needs another that is not installed",
        cause: "The plugin's manifest names a dependency that is not there in its scope; the client \
                then does not load the plugin at all.",
        fix: "`--fix` installs it, if the source of its marketplace is known.",
    },
    Check {
        id: "command.missing",
        severity: Warning,
        title: "a hook runs a program that is not there",
        cause: "A hook's command begins with a program that is neither on PATH nor in the plugin. \
                The client runs it at every such event, and it fails each time.",
        fix: "by hand: install the program, or disable the plugin.",
    },
    Check {
        id: "path.foreign",
        severity: Error,
        title: "a path of another machine",
        cause: "A record names a folder that is not here, while the same folder below this home is: \
                the client's files came from another home, container or system.",
        fix: "`--fix` rewrites the path, and nothing else of the record.",
    },
    Check {
        id: "project.dangling",
        severity: Info,
        title: "a record for a project that is gone",
        cause: "`installed_plugins.json` records a plugin for a project whose folder no longer exists; \
                or, as a warning, for this project although no settings switch it on or off and no \
                manifest wants it.",
        fix: "`--fix` drops the record after asking. If the folder above is gone as well, a disk may \
              not be mounted: then nothing is done.",
    },
    Check {
        id: "sync.refresh-failing",
        severity: Warning,
        title: "a marketplace that was not refreshed for long",
        cause: "The client's `lastUpdated` of a marketplace with an address is older than 30 days: \
                nobody asked its source since, or it did not answer. The client says nothing of it.",
        fix: "by hand: `zskills update NAME` asks the source, and says what is in the way.",
    },
    Check {
        id: "stale.same-version",
        severity: Warning,
        title: "old bytes under a version that did not change",
        cause: "The marketplace has other bytes for this plugin under the very version that is \
                installed. The client compares versions only, and so never updates it.",
        fix: "by hand: `zskills sync --adopt` takes it into the manifest and `zskills upgrade` moves \
              it, for zskills compares bytes; or uninstall it and install it again.",
    },
];

pub(super) const DISK: [Check; 2] = [
    Check {
        id: "bytes.no-inventory",
        severity: Info,
        title: "a cached version that no record names",
        cause: "It is what is left of a removed plugin or of an older version, and only takes space.",
        fix: "nothing has to be done: the client removes it in time.",
    },
    Check {
        id: "cache.garbage",
        severity: Info,
        title: "what interrupted installs left behind",
        cause: "Temporary clones and copies of unreadable registries stay in the client's plugin \
                folder; no command of the client removes them.",
        fix: "nothing has to be done: they only take space. doctor deletes nothing.",
    },
];
