//! Consent to the commands with which packages install their own skills.

use std::collections::BTreeMap;

use super::converge::Ask;
use crate::machine::terminal::{Ui, confirm};
use crate::model::Note;
use crate::plan::{Plan, Step};

/// Returns the installers that a plan runs, by package.
pub(super) fn of(plan: &Plan) -> BTreeMap<String, Vec<String>> {
    let run = |step: &Step| match step {
        Step::Run { package, command, .. } => Some((package.clone(), command.clone())),
        _ => None,
    };
    plan.steps.iter().filter_map(run).collect()
}

/// Takes the installers out of a plan that nobody has agreed to, or that need the network where
/// there is to be none. `agreed` remembers the answer for the plans that follow.
pub(super) fn settle(ask: &Ask, ui: Ui, plan: &mut Plan, agreed: &mut Option<bool>) {
    let is_new = |step: &Step| matches!(step, Step::Run { accepted: false, .. });
    if !ask.offline && plan.steps.iter().any(is_new) && agreed.is_none() {
        let answer = ask.yes || (ui.interactive && confirm("Run these installers?"));
        *agreed = Some(answer);
    }
    let agreed = agreed.unwrap_or(false);
    let mut notes = Vec::new();
    plan.steps.retain(|step| {
        let Step::Run { package, command, accepted } = step else { return true };
        let why = if ask.offline {
            ("needs the network", "run the command again without `--offline`")
        } else if *accepted || agreed {
            return true;
        } else {
            ("was not run", "look at the command; `--yes` runs it")
        };
        let text = format!("`{}` {}", command.join(" "), why.0);
        notes.push(Note::unmet(format!("npm:{package}"), text).hint(why.1));
        false
    });
    plan.notes.extend(notes);
}
