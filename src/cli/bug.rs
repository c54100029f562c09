//! What is said when the program itself is wrong: where, and nothing of what it was working on.

use std::panic::{self, Location};

use serde_json::Value;

use super::{Exit, failure};
use crate::machine::interrupt;
use crate::machine::terminal::{Paint, Ui, Verbosity};

/// Where there is no time to ask what the terminal can do.
const PLAIN: Ui = Ui {
    out: Paint::Plain,
    err: Paint::Plain,
    verbosity: Verbosity::Normal,
    live: false,
    interactive: false,
};

/// Has a panic end the process with words that can be shown to anybody.
///
/// What a panic says of itself quotes its input, which may hold secrets, and so would a core dump.
#[expect(clippy::exit, reason = "whatever panicked has nothing left to give back")]
pub fn tell_of_panics(json: bool) {
    panic::set_hook(Box::new(move |panic| {
        let text = text(panic.location());
        PLAIN.error(&text);
        if json {
            PLAIN.json(&document(&text));
        }
        std::process::exit(i32::from(Exit::Unmet as u8));
    }));
}

/// Has Ctrl-C and its like end the process in good order, with the exit code that shells expect.
pub fn tell_of_signals(json: bool) {
    let told = interrupt::watch(move |code| {
        PLAIN.error(INTERRUPTED);
        if json {
            PLAIN.json(&failure::document(&anyhow::anyhow!(INTERRUPTED), code));
        }
    });
    // Without it a signal ends the process as it always would.
    drop(told);
}

const INTERRUPTED: &str =
    "interrupted; every step so far is whole, and the next run goes on from there";

fn text(at: Option<&Location>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let place = at.map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
    format!(
        "zskills {version} is wrong itself{place}, and has stopped\nhint: please report this line and \
         what you ran; a run that was cut off is put right by the next `zskills sync`"
    )
}

fn document(text: &str) -> Value {
    failure::document(&anyhow::anyhow!(text.to_owned()), Exit::Unmet as u8)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the test runs itself as a process that panics")]

    use std::process::Command;

    #[test]
    fn a_panic_names_its_place_and_nothing_of_its_input() {
        const INSIDE: &str = "ZSKILLS_TEST_PANICS";
        if std::env::var_os(INSIDE).is_some() {
            super::tell_of_panics(true);
            std::panic::panic_any("hunter2".to_owned());
        }
        let name = "cli::bug::tests::a_panic_names_its_place_and_nothing_of_its_input";
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args([name, "--exact", "--nocapture"]).env(INSIDE, "1");
        let output = again.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: zskills 0."), "{said}");
        assert!(said.contains("src/cli/bug.rs:"), "{said}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(!(said + &printed).contains("hunter2"));
        let document: serde_json::Value =
            serde_json::from_str(&printed[printed.find('{').unwrap()..]).unwrap();
        assert_eq!(document["schema"], "zskills/error/1");
        assert_eq!(output.status.code(), Some(1));
    }
}
