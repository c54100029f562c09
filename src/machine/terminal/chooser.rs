//! A list that is filtered while somebody types: what each key does, and what there is to see.

use console::{Key, measure_text_width, truncate_str};

use super::pick::{HowMany, Line};
use super::screen::Size;
use crate::content::catalog::Query;
use crate::model::paint::Paint;

/// Lines to choose from, and how far the choice is.
#[derive(Debug)]
pub struct Chooser<'a> {
    what: &'a str,
    lines: &'a [Line],
    many: HowMany,
    query: String,
    /// The lines that fit what is typed, the best first.
    fitting: Vec<usize>,
    marked: Vec<usize>,
    /// Where in the fitting ones the cursor stands.
    cursor: usize,
}

/// What a key leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    On,
    /// These were chosen.
    Chosen(Vec<usize>),
    Left,
    Interrupted,
}

/// The rows above and below the list.
const AROUND: usize = 2;

impl<'a> Chooser<'a> {
    pub fn new(what: &'a str, lines: &'a [Line], many: HowMany, query: &str) -> Self {
        let query = query.to_owned();
        let (fitting, marked) = (Vec::new(), Vec::new());
        let mut chooser = Self { what, lines, many, query, fitting, marked, cursor: 0 };
        chooser.filter();
        chooser
    }

    /// Does what a key stands for; `rows` is how many lines a page has.
    pub fn press(&mut self, key: &Key, rows: usize) -> Step {
        let last = self.fitting.len().saturating_sub(1);
        match key {
            Key::CtrlC => return Step::Interrupted,
            Key::Escape => return Step::Left,
            Key::Enter => match self.chosen() {
                chosen if chosen.is_empty() => {}
                chosen => return Step::Chosen(chosen),
            },
            Key::Tab => self.mark(last),
            Key::ArrowUp | Key::Char('\u{10}') => self.cursor = self.cursor.saturating_sub(1),
            Key::ArrowDown | Key::Char('\u{e}') => self.cursor = last.min(self.cursor + 1),
            Key::PageUp => self.cursor = self.cursor.saturating_sub(rows),
            Key::PageDown => self.cursor = last.min(self.cursor + rows),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = last,
            Key::Backspace => {
                self.query.pop();
                self.filter();
            }
            // Ctrl-U, as in a shell.
            Key::Char('\u{15}') => {
                self.query.clear();
                self.filter();
            }
            Key::Char(c) if !c.is_control() => {
                self.query.push(*c);
                self.filter();
            }
            _ => {}
        }
        Step::On
    }

    /// Returns what is to be seen, top to bottom; no line is wider than the screen, and all of them fit.
    pub fn view(&self, size: Size, paint: Paint) -> Vec<String> {
        let page = page(size);
        let first = self.cursor / page * page;
        let names = self.lines.iter().map(|line| measure_text_width(&line.name)).max().unwrap_or(0);
        let names = names.min(size.columns / 2);
        let cut = |text: &str| truncate_str(text, size.columns - 1, "…").into_owned();
        let mut view = vec![cut(&self.prompt())];
        for (index, line) in self.fitting.iter().enumerate().skip(first).take(page) {
            let Line { name, about } = &self.lines[*line];
            let mark = if self.marked.contains(line) { "*" } else { " " };
            let sign = if index == self.cursor { ">" } else { " " };
            let gap = " ".repeat(names.saturating_sub(measure_text_width(name)));
            let text = cut(&format!("{sign}{mark} {name}{gap}  {about}"));
            let text = text.trim_end();
            view.push(if index == self.cursor { paint.bold(text) } else { text.to_owned() });
        }
        let count = format!("{} of {}", self.fitting.len(), self.lines.len());
        let marked = match self.marked.len() {
            0 => String::new(),
            marked => format!(", {marked} marked"),
        };
        let keys = match self.many {
            HowMany::One => "enter takes, esc leaves",
            HowMany::Some => "tab marks, enter takes, esc leaves",
        };
        view.push(paint.dim(&cut(&format!("   {count}{marked}  {keys}"))));
        view
    }

    /// Returns the line with what is typed.
    pub fn prompt(&self) -> String {
        format!("{}> {}", self.what, self.query)
    }

    /// Returns what is marked, or where the cursor stands.
    fn chosen(&self) -> Vec<usize> {
        if self.marked.is_empty() {
            self.fitting.get(self.cursor).copied().into_iter().collect()
        } else {
            self.marked.clone()
        }
    }

    fn mark(&mut self, last: usize) {
        let (HowMany::Some, Some(line)) = (self.many, self.fitting.get(self.cursor)) else {
            return;
        };
        match self.marked.iter().position(|marked| marked == line) {
            Some(at) => drop(self.marked.remove(at)),
            None => self.marked.push(*line),
        }
        self.cursor = last.min(self.cursor + 1);
    }

    fn filter(&mut self) {
        let query = Query::new(&self.query);
        let rank = |line: &Line| {
            // A plugin is meant by its own name as well as with its marketplace.
            let own = line.name.split('@').next().unwrap_or_default();
            let ranks =
                [query.rank(own, &[], &line.about), query.rank(&line.name, &[], &line.about)];
            ranks.into_iter().flatten().min()
        };
        let mut fitting: Vec<_> = self
            .lines
            .iter()
            .enumerate()
            .filter_map(|(index, line)| Some((rank(line)?, index)))
            .collect();
        fitting.sort();
        self.fitting = fitting.into_iter().map(|(_, index)| index).collect();
        self.cursor = 0;
    }
}

/// Returns how many lines of the list a screen has room for.
pub fn page(size: Size) -> usize {
    size.rows.saturating_sub(AROUND + 1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        [("github@tools", "issues and pulls"), ("git@tools", "commits"), ("pdf@docs", "reads\tgit")]
            .map(|(name, about)| Line::new(name, about))
            .into()
    }

    /// Presses keys and returns the names of what was chosen.
    fn chosen(many: HowMany, query: &str, keys: &[Key]) -> Vec<String> {
        let lines = lines();
        let mut chooser = Chooser::new("x", &lines, many, query);
        for key in keys {
            if let Step::Chosen(chosen) = chooser.press(key, 2) {
                return chosen.into_iter().map(|index| lines[index].name.clone()).collect();
            }
        }
        Vec::new()
    }

    #[test]
    fn enter_takes_what_is_marked_or_else_where_the_cursor_stands() {
        let check = |query: &str, keys: &[Key], expected: &[&str]| {
            let keys = [keys, &[Key::Enter]].concat();
            assert_eq!(chosen(HowMany::Some, query, &keys), expected, "{query} {keys:?}");
        };
        check("", &[], &["github@tools"]);
        check("git", &[], &["git@tools"]);
        check("GIT too", &[], &["git@tools"]);
        check("git", &[Key::ArrowDown], &["github@tools"]);
        check("git", &[Key::ArrowDown, Key::ArrowUp, Key::ArrowUp], &["git@tools"]);
        check("git", &[Key::Char('h')], &["github@tools"]);
        check("gitx", &[Key::Backspace], &["git@tools"]);
        check("", &[Key::End, Key::Tab, Key::Home, Key::Tab], &["pdf@docs", "github@tools"]);
        check("", &[Key::Tab, Key::ArrowUp, Key::Tab], &["git@tools"]);
        check("nothing", &[], &[]);
        check("nothing", &[Key::Char('\u{15}')], &["github@tools"]);
        let one = chosen(HowMany::One, "git", &[Key::Tab, Key::Enter]);
        assert_eq!(one, ["git@tools"]);
    }

    #[test]
    fn the_view_fits_the_screen_and_follows_the_cursor() {
        let lines: Vec<Line> = (0..40)
            .map(|n| Line::new(&format!("name-{n}"), &"much to say about it ".repeat(9)))
            .collect();
        for size in [(60, 8), (200, 24), (12, 3), (1, 1)] {
            let size = Size { columns: size.0, rows: size.1 };
            let mut chooser = Chooser::new("plugins", &lines, HowMany::Some, "");
            for _ in 0..17 {
                chooser.press(&Key::ArrowDown, page(size));
            }
            let view = chooser.view(size, Paint::Plain);
            assert!(view.len() <= size.rows.max(AROUND + 1), "{view:#?}");
            let widest = view.iter().map(|line| measure_text_width(line)).max().unwrap();
            assert!(widest <= size.columns, "{view:#?}");
            let cursor = view.iter().find(|line| line.starts_with('>'));
            let shown = cursor.is_some_and(|line| line.contains("name-17"));
            assert!(shown || size.columns < 20, "{view:#?}");
        }
    }
}
