//! Amounts of bytes as people read and write them.

const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Returns an amount in the largest unit of which there is one.
pub fn shown_size(bytes: u64) -> String {
    let fits = |(_, unit): &&(&str, u64)| bytes >= *unit;
    let (name, unit) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
    let name = if *name == "B" { "bytes" } else { name };
    format!("{} {name}", bytes / unit)
}

/// Returns the bytes in an amount such as `1 GiB`, `500 MiB` or `4096`.
pub fn size_in(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let count: u64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "" => 1,
        word => UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?.1,
    };
    count.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_has_a_unit() {
        let check = |bytes: u64, shown: &str| assert_eq!(shown_size(bytes), shown);
        check(0, "0 bytes");
        check(1023, "1023 bytes");
        check(2048, "2 KiB");
        check(3 << 30, "3 GiB");
    }

    #[test]
    fn an_amount_is_a_number_and_a_unit() {
        let check =
            |text: &str, expected: Option<u64>| assert_eq!(size_in(text), expected, "{text}");
        check("1 GiB", Some(1 << 30));
        check("20mib", Some(20 << 20));
        check("4096", Some(4096));
        check("much", None);
        check("1 GB", None);
        check("99999999999 GiB", None);
    }
}
