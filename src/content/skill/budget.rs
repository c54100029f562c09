//! The client lists every skill's name and description to the model, up to a number of characters.

/// How much of the listing the enabled skills take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Characters of all names and descriptions.
    pub used: usize,
    pub limit: usize,
    /// Each skill and its characters, most first.
    pub skills: Vec<(String, usize)>,
}

/// The client's own limit in characters, unless settings or the environment say otherwise.
pub const DEFAULT: usize = 8_000;

/// Sums up `(name, description)` of the enabled skills.
pub fn budget<'a>(skills: impl IntoIterator<Item = (&'a str, &'a str)>, limit: usize) -> Budget {
    let length = |(name, description): (&str, &str)| {
        (name.to_owned(), name.chars().count() + description.chars().count())
    };
    let mut skills: Vec<_> = skills.into_iter().map(length).collect();
    skills.sort_by(|(name, length), (other, size)| size.cmp(length).then_with(|| name.cmp(other)));
    Budget { used: skills.iter().map(|(_, length)| length).sum(), limit, skills }
}

impl Budget {
    pub fn is_over(&self) -> bool {
        self.used > self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_come_first_and_characters_count_not_bytes() {
        let budget = budget([("b", "éé"), ("a", "xx"), ("c", "long text")], 15);
        let expected = [("c".to_owned(), 10), ("a".to_owned(), 3), ("b".to_owned(), 3)];
        assert_eq!((budget.used, budget.skills.as_slice()), (16, &expected[..]));
        assert!(budget.is_over());
    }
}
