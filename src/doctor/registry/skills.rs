//! Checks of Agent Skills.

use super::Check;
use crate::doctor::Severity::{Error, Info, Warning};

pub(super) const SKILLS: [Check; 12] = [
    Check {
        id: "skills.inventory",
        severity: Error,
        title: "an inventory of skills that cannot be read",
        cause: "`.zskills.json` says which skills were put there by whom. Taken for empty, it would \
                disown them all, so nothing is done to skills while it is broken.",
        fix: "by hand: correct it, or restore it from a backup.",
    },
    Check {
        id: "skills.missing",
        severity: Error,
        title: "a skill in the manifest is not installed",
        cause: "The manifest wants a skill that is not installed, not recorded, or from another source.",
        fix: "`--fix` installs it.",
    },
    Check {
        id: "skills.no-bytes",
        severity: Warning,
        title: "a recorded skill without its folder",
        cause: "The inventory records a skill whose folder is gone.",
        fix: "`--fix` drops the entry; a skill of the manifest comes back.",
    },
    Check {
        id: "skills.full-repo",
        severity: Warning,
        title: "a whole repository as one skill",
        cause: "A whole repository was cloned where a skill belongs.",
        fix: "`--fix` installs the skill alone; the clone goes to the trash.",
    },
    Check {
        id: "skills.edited",
        severity: Warning,
        title: "a skill that was edited here",
        cause: "The bytes of a skill are not the recorded ones; sync leaves it alone.",
        fix: "by hand: keep the edits elsewhere, then `zskills sync --discard-changes` replaces it.",
    },
    Check {
        id: "skills.not-linked",
        severity: Error,
        title: "a skill that the client does not see",
        cause: "The client looks into its own folder only, and nothing there leads to the skill.",
        fix: "`--fix` makes the link; what another hand put there is left alone.",
    },
    Check {
        id: "skills.dangling-link",
        severity: Warning,
        title: "a link to a skill that is gone",
        cause: "A link in the client's folder leads to nothing.",
        fix: "by hand: delete it.",
    },
    Check {
        id: "skills.unmanaged",
        severity: Info,
        title: "a skill that nobody manages",
        cause: "A folder holds a skill that neither the inventory nor a plugin knows.",
        fix: "by hand: `zskills sync --adopt` takes it into the manifest, if its source is known.",
    },
    Check {
        id: "skills.collision",
        severity: Info,
        title: "two skills of one name",
        cause: "The client sees several skills of the same name, of which it takes one.",
        fix: "by hand: remove or rename one.",
    },
    Check {
        id: "skills.budget",
        severity: Warning,
        title: "more descriptions than the client shows",
        cause: "The descriptions of all skills together are longer than the client's listing; it \
                leaves some out without a word.",
        fix: "by hand: disable what you do not use; the longest are named.",
    },
    Check {
        id: "skills.unsafe",
        severity: Error,
        title: "a skill with hidden text or links that leave it",
        cause: "The folder of a skill holds what a person would not see or expect.",
        fix: "by hand: `zskills lint` says more.",
    },
    Check {
        id: "skills.portability",
        severity: Info,
        title: "a skill that not every client can read",
        cause: "The skill breaks a rule that another client, or this one in another version, enforces.",
        fix: "by hand: `zskills lint` says more.",
    },
];
