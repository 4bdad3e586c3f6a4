/// Words of a search that count; more are passed over.
const MAX_WORDS: usize = 8;

/// Text as it is compared: lower case in every alphabet, `ё` as `е`, which is
/// how most people write it.
pub(crate) fn fold(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.replace('ё', "е")
}

/// The words of a search. All must be there, in any order.
pub(crate) fn words(search: &str) -> Vec<String> {
    let folded = fold(search);
    folded
        .split_whitespace()
        .take(MAX_WORDS)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_makes_no_difference_in_any_alphabet() {
        assert_eq!(fold("ПЛАНЁРКА Team"), fold("планерка tEAM"));
        assert_eq!(words("  Совет  BOB "), ["совет", "bob"]);
        assert_eq!(words(&"a ".repeat(100)).len(), MAX_WORDS);
    }
}
