//! Servers: the manifest wins for the fields that it declares, everything else in an entry stays.

use super::{Diff, Held};
use crate::declared::ledger::{Mark, Marks};
use crate::model::{
    Change, Fact, Field, FieldValue, Item, Record, ServerRecord, Text, Thing, shown_address,
    shown_words,
};
use crate::plan::{Inputs, Line, Sign};
use crate::resolve::DesiredServer;

/// Adds what makes every desired server true.
pub(super) fn add(inputs: &Inputs, held: &Held, diff: &mut Diff) {
    for server in &inputs.desired.servers {
        let fact = fact(inputs, server);
        let thing = fact.item.thing();
        diff.wanted.insert(fact.clone());
        if held.contains(&thing) {
            continue;
        }
        let applied = inputs.ledger.applied(inputs.roots, inputs.client, &thing);
        let current = current(inputs, server);
        let after = match current {
            Some(current) => merged(current, applied, &server.record),
            None => server.record.clone(),
        };
        if current == Some(&after) {
            continue;
        }
        if current.is_none() {
            diff.claimed.insert(inputs.roots, inputs.client, &thing, &inputs.intent.manifest);
        }
        diff.lines.push(line(thing, &server.record, current, applied, &after));
        diff.additions.push(Change {
            fact,
            before: current.cloned().map(Record::Server),
            after: Some(Record::Server(after)),
        });
    }
}

/// Remembers what was given to the servers that are ours. Called for the ledger after the last step:
/// a run that was killed before must not look as if it had been done and undone by hand.
pub(super) fn remember(inputs: &Inputs, held: &Held, diff: &mut Diff) {
    for server in &inputs.desired.servers {
        let thing = fact(inputs, server).item.thing();
        if held.contains(&thing) {
            continue;
        }
        let old = inputs.ledger.applied(inputs.roots, inputs.client, &thing);
        let marks = marks(&server.record, old, current(inputs, server));
        if old != Some(&marks) {
            diff.released.set_applied(inputs.roots, inputs.client, &thing, marks);
        }
    }
}

/// Says whether an entry has everything that is wanted; a literal meets a reference.
pub fn is_met(wanted: &ServerRecord, current: &ServerRecord) -> bool {
    let mut literals = Marks::default();
    for field in wanted.fields() {
        literals.set(field, Mark::Literal);
    }
    *current == merged(current, Some(&literals), wanted)
}

fn fact(inputs: &Inputs, server: &DesiredServer) -> Fact {
    let reach = inputs.roots.reach(server.scope);
    Item::Server { name: server.name.clone(), reach }.of(inputs.client)
}

fn current<'a>(inputs: &Inputs<'a>, server: &DesiredServer) -> Option<&'a ServerRecord> {
    inputs.state.server(inputs.client, &server.name, &inputs.roots.reach(server.scope))
}

/// Returns the current server with everything that is wanted, and without what we once put there
/// and nobody wants any more.
fn merged(current: &ServerRecord, applied: Option<&Marks>, wanted: &ServerRecord) -> ServerRecord {
    let mut after = current.clone();
    for (field, mark) in applied.into_iter().flat_map(Marks::iter) {
        if wanted.get(field).is_none() && mark.is(current.get(field)) {
            after.remove(field);
        }
    }
    // Where these are left out, there are to be none.
    for field in Field::WHOLE.into_iter().chain(wanted.fields()) {
        if !stands(&field, wanted, applied, current) {
            after.copy(&field, wanted);
        }
    }
    after
}

/// Says whether a literal that stood there when the server was adopted still fits what is wanted.
fn stands(
    field: &Field,
    wanted: &ServerRecord,
    applied: Option<&Marks>,
    current: &ServerRecord,
) -> bool {
    let adopted = applied.and_then(|applied| applied.get(field)) == Some(&Mark::Literal);
    match (wanted.get(field), current.get(field)) {
        (Some(wanted), Some(current)) => adopted && wanted.could_be(&current),
        (None, _) | (_, None) => false,
    }
}

/// Returns what to remember: what is wanted, but for the adopted literals that still stand.
fn marks(wanted: &ServerRecord, old: Option<&Marks>, current: Option<&ServerRecord>) -> Marks {
    let mut marks = Marks::of(wanted);
    for field in wanted.fields() {
        if current.is_some_and(|current| stands(&field, wanted, old, current)) {
            marks.set(field, Mark::Literal);
        }
    }
    marks
}

fn line(
    thing: Thing,
    wanted: &ServerRecord,
    current: Option<&ServerRecord>,
    applied: Option<&Marks>,
    after: &ServerRecord,
) -> Line {
    let Some(current) = current else {
        return Line::of(Sign::Add, thing, target(wanted));
    };
    let fields = current.differences(after);
    let by_hand = |field: &Field| match applied.map(|applied| applied.get(field)) {
        Some(Some(mark)) => !mark.is(current.get(field)),
        // What was left out of these was to be none.
        Some(None) => Field::WHOLE.contains(field) && current.get(field).is_some(),
        None => false,
    };
    let how = if fields.iter().any(by_hand) { "edited by hand, set back" } else { "changed" };
    let shown: Vec<String> =
        fields.iter().map(|field| show(field, current.get(field), after.get(field))).collect();
    let text = format!("{how}: {}", shown.join(", "));
    Line::of(Sign::Change, thing, text)
}

fn target(server: &ServerRecord) -> String {
    let words = server.command.iter().chain(&server.args);
    match (&server.url, &server.transport) {
        (Some(url), Some(transport)) => format!("{transport} {}", shown_address(&url.to_string())),
        (Some(url), None) => shown_address(&url.to_string()),
        (None, _) => shown_words(words.map(Text::to_string)).join(" "),
    }
}

/// Returns what becomes of a field; values of variables and headers are never shown.
fn show(field: &Field, before: Option<FieldValue>, after: Option<FieldValue>) -> String {
    match (before, after) {
        (Some(before), Some(after)) if Field::WHOLE.contains(field) => {
            format!("{field} {} → {}", plain(&before), plain(&after))
        }
        (Some(_), Some(_)) => field.to_string(),
        (None, _) => format!("+{field}"),
        (_, None) => format!("-{field}"),
    }
}

fn plain(value: &FieldValue) -> String {
    match value {
        FieldValue::Transport(transport) => format!("`{transport}`"),
        FieldValue::Text(text) => format!("`{}`", shown_address(&text.to_string())),
        FieldValue::Texts(texts) => {
            format!("`{}`", shown_words(texts.iter().map(Text::to_string)).join(" "))
        }
        FieldValue::Json(_) => "…".to_owned(),
    }
}

#[cfg(test)]
#[path = "servers_tests.rs"]
mod tests;
