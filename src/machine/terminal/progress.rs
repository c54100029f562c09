//! A live line for each fetch, on a terminal only.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Ui, Verbosity};
use crate::machine::fetch::Progress;

/// The lines of the fetches under way.
#[derive(Debug)]
pub struct Bars {
    lines: MultiProgress,
    live: bool,
    running: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Bars {
    pub fn new(ui: Ui) -> Self {
        Self {
            lines: MultiProgress::new(),
            live: ui.live && ui.verbosity > Verbosity::Quiet,
            running: Mutex::default(),
        }
    }
}

impl Progress for Bars {
    fn start(&self, what: &str) {
        if !self.live {
            return;
        }
        let style = ProgressStyle::with_template("{spinner} fetching {msg} {elapsed}")
            .expect("the template is a constant");
        let bar = self.lines.add(ProgressBar::new_spinner().with_style(style));
        bar.set_message(super::plain(what));
        bar.enable_steady_tick(Duration::from_millis(100));
        if let Ok(mut running) = self.running.lock() {
            running.insert(what.to_owned(), bar);
        }
    }

    fn done(&self, what: &str) {
        if let Ok(mut running) = self.running.lock()
            && let Some(bar) = running.remove(what)
        {
            bar.finish_and_clear();
        }
    }
}
