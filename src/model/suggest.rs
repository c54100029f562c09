//! "Did you mean": the known word nearest to an unknown one.

/// Returns the candidate that `word` is probably a slip of, if any is near enough.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let given = word;
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        // Whoever typed it knows it already.
        .filter(|candidate| *candidate != given)
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

/// Counts the slips between two words; `-` and `_`, and a plural `s`, are not held against anyone.
fn distance(word: &str, candidate: &str) -> usize {
    let plain = |text: &str| text.replace('_', "-").trim_end_matches('s').to_owned();
    if plain(word) == plain(candidate) {
        return usize::from(word != candidate);
    }
    strsim::damerau_levenshtein(word, candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_nothing() {
        let known = ["name", "source", "pin", "auto_update", "marketplace", "mcps"];
        let check = |word: &str, expected: Option<&str>| {
            assert_eq!(did_you_mean(word, known).as_deref(), expected, "{word}");
        };
        check("sorce", Some("source"));
        check("soucre", Some("source"));
        check("auto-update", Some("auto_update"));
        check("Name", Some("name"));
        check("mcp", Some("mcps"));
        check("marketplaces", Some("marketplace"));
        check("colour", None);
        check("pin", None);
        check("x", None);
        check("", None);
    }
}
