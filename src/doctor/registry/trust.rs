//! Checks of whether what is here is what was reviewed.

use super::Check;
use crate::doctor::Severity::{Error, Warning};

pub(super) const TRUST: [Check; 13] = [
    Check {
        id: "lock.drift",
        severity: Error,
        title: "not the locked bytes",
        cause: "The bytes of a plugin, or the commit of a marketplace, are not the ones in \
                `skills.lock`: somebody edited them, or the client updated them by itself. What was \
                modified, added or taken away is named when the locked bytes are at hand.",
        fix: "`--fix` puts the locked bytes back and keeps a copy of what was there.",
    },
    Check {
        id: "trust.source-changed",
        severity: Error,
        title: "a marketplace name that now means another place",
        cause: "The client's registry takes this marketplace from another source than the manifest or \
                the lock says. Whoever registers a name again re-points every plugin that is installed \
                from it, and the client only notes \
                it. Two names for one place are told as well, as a warning.",
        fix: "`--fix` points it back when the manifest names the source. Otherwise sync refuses to go \
              on: write the source that you trust into the manifest. Of two names for one place, \
              remove one.",
    },
    Check {
        id: "trust.history-rewritten",
        severity: Error,
        title: "the locked commit is no longer in the history",
        cause: "The marketplace's clone stands at a commit that does not descend from the locked one: \
                the history was rewritten at the source. Told only when the clone at hand has its \
                whole history.",
        fix: "`--fix` puts the locked commit back. Find out why the history was rewritten before you \
              upgrade.",
    },
    Check {
        id: "trust.tag-moved",
        severity: Error,
        title: "a pinned tag that points elsewhere",
        cause: "The marketplace is pinned to a tag, and the clone has that tag at another commit than \
                the lock. The client follows a moved tag without a word.",
        fix: "`--fix` puts the locked commit back. Find out why the tag was moved before you upgrade.",
    },
    Check {
        id: "trust.look-alike",
        severity: Warning,
        title: "a name that looks like another",
        cause: "The name of a registered marketplace can be taken for one that everybody knows or that \
                is registered beside it, or is kept for the client's maker and comes from somebody else.",
        fix: "by hand: make sure that it is the one you meant, or remove it.",
    },
    Check {
        id: "trust.capability-diff",
        severity: Warning,
        title: "a plugin can do more than was accepted",
        cause: "The bytes on disk bring a hook, a server, an executable, a command in a document or a \
                tool permission that the lock does not have.",
        fix: "`--fix` puts the locked bytes back. An upgrade that adds one stops until \
              `--accept-capabilities` names the plugin.",
    },
    Check {
        id: "hidden.unicode",
        severity: Error,
        title: "characters that a person cannot see",
        cause: "A document of an installed plugin holds invisible, tag or bidirectional characters, \
                with which text is hidden from readers and shown to models.",
        fix: "by hand: read the place with an editor that shows such characters; disable the plugin \
              if they are not what they should be.",
    },
    Check {
        id: "secret.in-address",
        severity: Warning,
        title: "an address that holds a login or a token",
        cause: "The address of a marketplace holds a secret: in the manifest, in a file of the client, \
                or in the `.git/config` of a clone. Only the place is shown.",
        fix: "`--fix` takes a login out of the client's files where the manifest has the clean address. \
              Otherwise take it out by hand and let git keep it with a credential helper. A token in the \
              path cannot be taken out: keep such a file private.",
    },
    Check {
        id: "tree.unsafe",
        severity: Error,
        title: "a plugin's folder that reaches outside itself",
        cause: "An installed folder holds a link that leaves it, a device, names that are one where \
                case does not count, or more than a plugin can need.",
        fix: "by hand: look at what is named, then disable or reinstall the plugin.",
    },
    Check {
        id: "policy.deny",
        severity: Error,
        title: "something that a policy forbids",
        cause: "A registered marketplace or a server is not allowed by the administrator's settings \
                (`strictKnownMarketplaces`, `blockedMarketplaces`, `allowedMcpServers`, \
                `deniedMcpServers`) or by `[policy]` in the manifest. The client drops such a server \
                without a word.",
        fix: "by hand: remove it, or ask whoever wrote the rule. Sync fetches nothing from it.",
    },
    Check {
        id: "policy.syntax",
        severity: Error,
        title: "a policy that cannot be read",
        cause: "A file of the administrator's settings is not JSON or has a rule of a wrong shape. \
                zskills then takes everything for forbidden.",
        fix: "by hand: the administrator has to correct it.",
    },
    Check {
        id: "policy.project-approves",
        severity: Warning,
        title: "a project that approves servers for everybody",
        cause: "The project's `.claude/settings.json`, which is shared, has \
                `enableAllProjectMcpServers` or names servers in `enabledMcpjsonServers`. Whoever \
                clones the project and trusts it starts those servers without having seen them.",
        fix: "by hand: take the key out; each person can approve servers in the client, or in \
              `.claude/settings.local.json`.",
    },
    Check {
        id: "symlink.broken-ledger",
        severity: Warning,
        title: "a registry that is a link, or under version control",
        cause: "`installed_plugins.json` and `known_marketplaces.json` hold paths of one machine, and \
                the client replaces a link by a file of its own, so that the copy behind it goes stale.",
        fix: "by hand: keep `skills.toml` and `skills.lock` under version control instead.",
    },
];
