//! Questions to a person at a terminal.

use std::io::BufRead;

use super::say;

/// Asks for yes or no; anything but yes is no.
pub fn confirm(question: &str) -> bool {
    say(&format!("{question} [y/N] "));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    read.is_ok() && matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
