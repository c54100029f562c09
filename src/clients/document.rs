//! One client file: its text, its top-level object, and edits on it.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::clients::{FileKind, FileProblem, ProblemKind};
use crate::formats::json::{self, Bom, Key};
use crate::model::{Diagnostic, Files};

/// A file that could be read.
pub struct Document<'a> {
    pub file: PathBuf,
    pub text: &'a str,
    pub map: Map<String, Value>,
}

/// What one kind of file is there for, and what the client lets through.
pub struct Reading {
    pub file: FileKind,
    pub bom: Bom,
    /// What the client does with such a file.
    pub effect: &'static str,
}

impl<'a> Document<'a> {
    /// Returns the file unless it is absent or beyond reading; adds to the problems.
    pub fn read(
        file: &Path,
        files: &'a Files,
        reading: &Reading,
        problems: &mut Vec<FileProblem>,
    ) -> Option<Self> {
        let bytes = files.get(file)?;
        let mut problem = |diagnostic, kind: fn(FileKind) -> ProblemKind| {
            problems.push(FileProblem { diagnostic, kind: kind(reading.file) });
        };
        let text = match json::text(file, bytes) {
            Ok(text) => text,
            Err(diagnostic) => {
                problem(diagnostic, ProblemKind::Syntax);
                return None;
            }
        };
        let value = match json::parse(file, bytes, reading.bom) {
            Ok(value) => Some(value),
            Err(mut diagnostic) => {
                diagnostic.message = format!("{}; {}", diagnostic.message, reading.effect);
                problem(diagnostic, ProblemKind::Syntax);
                json::lenient(text)
            }
        }?;
        let Value::Object(map) = value else {
            let message = format!("is not a JSON object; {}", reading.effect);
            problem(Diagnostic::span(file, text, 0..0, message), ProblemKind::Shape);
            return None;
        };
        Some(Self { file: file.to_owned(), text, map })
    }

    /// Returns a complaint about what is at `path`, or about the nearest thing around it.
    pub fn complaint(&self, path: &[Key], message: impl Into<String>) -> Diagnostic {
        complaint(&self.file, self.text, path, message)
    }

    /// Returns the object at a top-level key; anything else there is a problem.
    pub fn object(
        &self,
        key: &str,
        reading: &Reading,
        problems: &mut Vec<FileProblem>,
    ) -> Option<&Map<String, Value>> {
        let value = self.map.get(key)?;
        if value.as_object().is_none() {
            let message = format!("`{key}` is not an object; {}", reading.effect);
            let diagnostic = self.complaint(&[Key::Name(key)], message);
            problems.push(FileProblem { diagnostic, kind: ProblemKind::Shape(reading.file) });
        }
        value.as_object()
    }
}

/// Returns a complaint about what is at a path of a text, or about the nearest thing around it.
pub fn complaint(file: &Path, text: &str, path: &[Key], message: impl Into<String>) -> Diagnostic {
    let span = (0..=path.len()).rev().find_map(|end| json::locate(text, &path[..end]));
    Diagnostic::span(file, text, span.unwrap_or(0..0), message)
}

/// A file that is being edited; `None` while it does not exist.
pub struct Draft {
    file: PathBuf,
    text: Option<String>,
    /// What the client starts a new file with.
    blank: Value,
    final_newline: bool,
}

impl Draft {
    pub fn open(
        file: PathBuf,
        files: &Files,
        blank: Value,
        final_newline: bool,
    ) -> Result<Self, Diagnostic> {
        let text = files.get(&file).map(|bytes| json::text(&file, bytes)).transpose()?;
        let text = text.filter(|text| !is_blank(text)).map(str::to_owned);
        Ok(Self { file, text, blank, final_newline })
    }

    /// Returns the value of the file as it is now.
    pub fn value(&self) -> Value {
        self.text.as_deref().and_then(json::lenient).unwrap_or_else(|| self.blank.clone())
    }

    /// Returns what is at `path` now.
    pub fn get(&self, path: &[Key]) -> Option<Value> {
        match &self.text {
            Some(text) => json::get(text, path),
            None => path
                .iter()
                .try_fold(&self.blank, |value, key| match key {
                    Key::Name(name) => value.get(name),
                    Key::Index(_) | Key::Append => None,
                })
                .cloned(),
        }
    }

    pub fn has(&self, path: &[Key]) -> bool {
        self.text.as_deref().is_some_and(|text| json::locate(text, path).is_some())
    }

    pub fn set(&mut self, path: &[Key], value: &Value) -> Result<(), Diagnostic> {
        let text = match self.text.take() {
            Some(text) => text,
            None => json::new_document(&self.blank, self.final_newline),
        };
        self.edit(&text, json::set(&text, path, value))
    }

    /// Removes what is at `path`; makes no file for it.
    pub fn remove(&mut self, path: &[Key]) -> Result<(), Diagnostic> {
        match self.text.take() {
            Some(text) => self.edit(&text, json::remove(&text, path)),
            None => Ok(()),
        }
    }

    /// Sets the fields that have a value and removes the others.
    pub fn set_fields(
        &mut self,
        path: &[Key],
        fields: &[(&str, Option<Value>)],
    ) -> Result<(), Diagnostic> {
        for (name, value) in fields {
            let path = [path, &[Key::Name(name)]].concat();
            match value {
                Some(value) => self.set(&path, value)?,
                None => self.remove(&path)?,
            }
        }
        Ok(())
    }

    pub fn complaint(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::whole(&self.file, message)
    }

    /// Puts the text back into the files, if there is one.
    pub fn close(self, files: &mut Files) {
        if let Some(text) = self.text {
            files.set(self.file, Some(text.into_bytes()));
        }
    }

    fn edit(&mut self, old: &str, new: Result<String, json::EditError>) -> Result<(), Diagnostic> {
        let new = new.map_err(|error| {
            Diagnostic::span(&self.file, old, error.offset..error.offset, error.message)
        })?;
        self.text = Some(new);
        Ok(())
    }
}

/// Says whether a text has nothing in it; the client starts such a file afresh.
fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim().is_empty()
}

/// Returns an object of the fields that have a value.
pub fn object(fields: &[(&str, Option<Value>)]) -> Value {
    let present = fields.iter().filter_map(|(name, value)| {
        value.as_ref().map(|value| ((*name).to_owned(), value.clone()))
    });
    Value::Object(present.collect())
}
