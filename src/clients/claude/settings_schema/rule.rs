//! What a value has to be, and what is held against one that is not.

use serde_json::{Map, Value};

use crate::clients::Cost;

/// What the client wants of a value.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    Text,
    /// A text of a shape, with the words for it and one that is of that shape.
    Shaped(fn(&str) -> bool, &'static str, &'static str),
    /// One of some texts.
    Word(&'static [&'static str]),
    Flag,
    /// A number that passes, with the words for it.
    Number(fn(f64) -> bool, &'static str),
    /// A whole number, at least this one.
    Whole(u32),
    List(&'static Rule),
    /// An object with any keys, and what each of its values has to be.
    Map(&'static Rule),
    /// An object of which some keys are known.
    Object(&'static [Field]),
    /// An object of which one key says which others it has.
    Tagged(&'static str, &'static [(&'static str, &'static [Field])]),
    Either(&'static [Rule]),
    /// The same, and null counts as nothing.
    OrNull(&'static Rule),
    /// What is wrong in it costs it and no more.
    Alone(&'static Rule),
    /// An object. A list of objects in its place costs the file, anything else costs nothing but itself.
    Hooks(&'static [Field]),
}

/// A key that an object has or may have.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub key: &'static str,
    pub rule: Rule,
    pub needed: bool,
}

/// Returns a key that may be absent.
pub(super) const fn may(key: &'static str, rule: Rule) -> Field {
    Field { key, rule, needed: false }
}

/// Returns a key that has to be there.
pub(super) const fn must(key: &'static str, rule: Rule) -> Field {
    Field { key, rule, needed: true }
}

/// One thing that the client holds against a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The steps to the value, the last one first while it is being found.
    path: Vec<Step>,
    /// What is wrong with it, in words that go on from its name.
    pub text: String,
    pub cost: Cost,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Element(usize),
}

impl Fault {
    fn new(text: impl Into<String>) -> Self {
        Self { path: Vec::new(), text: text.into(), cost: Cost::Effect }
    }

    fn below(mut self, step: Step) -> Self {
        self.path.push(step);
        self
    }

    fn alone(self) -> Self {
        Self { cost: Cost::Entry, ..self }
    }

    /// Returns the steps from the top of the file to the value.
    pub fn path(&self) -> impl Iterator<Item = &Step> {
        self.path.iter().rev()
    }

    /// Returns the steps as people write them, each with what leads to it: `.key`, `[0]`.
    pub fn spelled(&self) -> String {
        let spell = |step: &Step| match step {
            Step::Key(name) => format!(".{name}"),
            Step::Element(index) => format!("[{index}]"),
        };
        self.path().map(spell).collect()
    }
}

/// Returns everything that is wrong with the keys of an object.
pub(super) fn faults_of(fields: &[Field], map: &Map<String, Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for field in fields {
        match map.get(field.key) {
            Some(value) => {
                let inside = field.rule.faults(value).into_iter();
                faults.extend(inside.map(|fault| fault.below(Step::Key(field.key.to_owned()))));
            }
            None if field.needed => faults.push(Fault::new(format!("has no `{}`", field.key))),
            None => {}
        }
    }
    faults
}

impl Rule {
    /// Returns everything that is wrong with a value.
    pub fn faults(&self, value: &Value) -> Vec<Fault> {
        if !self.takes(value) {
            let fault = Fault::new(format!("is not {}", self.wants()));
            let costs_itself = match self {
                Self::Alone(_) => true,
                Self::Hooks(_) => !has_objects(value),
                _ => false,
            };
            return vec![if costs_itself { fault.alone() } else { fault }];
        }
        match (self, value) {
            (Self::List(rule), Value::Array(elements)) => elements
                .iter()
                .enumerate()
                .flat_map(|(index, element)| {
                    let inside = rule.faults(element).into_iter();
                    inside.map(move |fault| fault.below(Step::Element(index)))
                })
                .collect(),
            (Self::Map(rule), Value::Object(map)) => map
                .iter()
                .flat_map(|(key, value)| {
                    let inside = rule.faults(value).into_iter();
                    inside.map(|fault| fault.below(Step::Key(key.clone())))
                })
                .collect(),
            (Self::Object(fields) | Self::Hooks(fields), Value::Object(map)) => {
                faults_of(fields, map)
            }
            (Self::Tagged(key, kinds), Value::Object(map)) => tagged(key, kinds, map),
            (Self::Either(rules), value) => {
                let rule = rules.iter().find(|rule| rule.takes(value));
                rule.map(|rule| rule.faults(value)).unwrap_or_default()
            }
            (Self::OrNull(rule), value) if !value.is_null() => rule.faults(value),
            (Self::Alone(rule), value) => {
                rule.faults(value).into_iter().map(Fault::alone).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Tells whether a value itself is as it has to be, whatever lies in it.
    fn takes(&self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Shaped(fits, ..) => value.as_str().is_some_and(fits),
            Self::Word(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Flag => value.is_boolean(),
            Self::Number(fits, _) => value.as_f64().is_some_and(fits),
            Self::Whole(least) => value.as_f64().is_some_and(|number| {
                number.fract() == 0.0 && number >= f64::from(*least) && number <= LARGEST
            }),
            Self::List(_) => value.is_array(),
            Self::Map(_) | Self::Object(_) | Self::Tagged(..) | Self::Hooks(_) => value.is_object(),
            Self::Either(rules) => rules.iter().any(|rule| rule.takes(value)),
            Self::OrNull(rule) => value.is_null() || rule.takes(value),
            Self::Alone(rule) => rule.takes(value),
        }
    }

    /// Returns what a value has to be, for people.
    fn wants(&self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::Shaped(_, words, _) | Self::Number(_, words) => (*words).to_owned(),
            Self::Word([word]) => format!("`{word}`"),
            Self::Word(words) => format!("one of `{}`", words.join("`, `")),
            Self::Flag => "true or false".to_owned(),
            Self::Whole(least) => format!("a whole number of at least {least}"),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) | Self::Object(_) | Self::Tagged(..) | Self::Hooks(_) => {
                "an object".to_owned()
            }
            Self::Either(rules) => rules.iter().map(Self::wants).collect::<Vec<_>>().join(" or "),
            Self::OrNull(rule) | Self::Alone(rule) => rule.wants(),
        }
    }
}

/// The largest whole number that the client takes for one: 2^53 - 1.
const LARGEST: f64 = 9_007_199_254_740_991.0;

fn has_objects(value: &Value) -> bool {
    value.as_array().is_some_and(|elements| elements.iter().any(Value::is_object))
}

fn tagged(
    key: &'static str,
    kinds: &'static [(&'static str, &'static [Field])],
    map: &Map<String, Value>,
) -> Vec<Fault> {
    let Some(tag) = map.get(key) else { return vec![Fault::new(format!("has no `{key}`"))] };
    if let Some((_, fields)) = kinds.iter().find(|(name, _)| tag.as_str() == Some(name)) {
        return faults_of(fields, map);
    }
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let text = format!("is not one of `{}`", names.join("`, `"));
    vec![Fault::new(text).below(Step::Key(key.to_owned()))]
}
