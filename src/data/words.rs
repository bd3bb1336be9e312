//! What a parser says is wrong with a text, in words for the person who wrote it.

/// A message of serde in plain words: which word, what it must be, and nothing of the types in this program. A message of
/// another kind stays as it is.
#[must_use]
pub fn in_plain_words(message: &str) -> String {
    let message = message.trim_end().replace('\n', ", ");
    let plain = of_unknown(&message)
        .or_else(|| of_missing(&message))
        .or_else(|| of_value(&message, "invalid type: "))
        .or_else(|| of_value(&message, "invalid value: "));
    plain.unwrap_or(message)
}

/// "unknown variant `x`, expected one of `a`, `b`"
fn of_unknown(message: &str) -> Option<String> {
    let (word, known) = message.strip_prefix("unknown variant ")?.split_once(", expected ")?;
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    Some(format!("{word} is none of the words that may stand here: {}", known.join(", ")))
}

/// "missing field `x`"
fn of_missing(message: &str) -> Option<String> {
    Some(format!("{} is missing", message.strip_prefix("missing field ")?))
}

/// "invalid type: string \"x\", expected f64"
fn of_value(message: &str, beginning: &str) -> Option<String> {
    let (found, expected) = message.strip_prefix(beginning)?.rsplit_once(", expected ")?;
    let kinds = ["integer ", "floating point ", "boolean ", "string "];
    let value = kinds.iter().find_map(|kind| found.strip_prefix(kind)).unwrap_or(found);
    let value = match value {
        "map" => "a table",
        "sequence" => "a list",
        value => value.trim_matches('`'),
    };
    Some(format!("{value} stands where {} must", kind_in_words(expected)))
}

fn kind_in_words(expected: &str) -> &str {
    match expected {
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a boolean" => "true or false",
        "a string" | "string only" => "a text in quotes",
        "a map" => "a table",
        "a sequence" => "a list",
        named if named.starts_with("struct ") => "a table",
        named if named.starts_with("enum ") || named.starts_with("variant ") => "a word in quotes",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::data::LabelPolicy;
    use crate::data::split::SplitConfig;

    fn words_of<T: for<'de> Deserialize<'de> + std::fmt::Debug>(text: &str) -> String {
        in_plain_words(toml::from_str::<T>(text).unwrap_err().message())
    }

    #[test]
    fn no_word_of_serde_is_left() {
        let said = [
            words_of::<LabelPolicy>("min_cough_detected = \"high\""),
            words_of::<LabelPolicy>("experts = \"sometimes\""),
            words_of::<LabelPolicy>("experts = 5"),
            words_of::<LabelPolicy>("quality = 1"),
            words_of::<LabelPolicy>("labels = [1]"),
            words_of::<SplitConfig>("seed = -5"),
            words_of::<SplitConfig>("seed = 0.5"),
            words_of::<SplitConfig>("by = \"moon\""),
            words_of::<crate::data::scan::Stamp>("bytes = 1"),
        ];
        for words in &said {
            for jargon in ["variant", "invalid", "expected", "f64", "usize", "u64", "struct", "enum", "field", "map"] {
                assert!(!words.contains(jargon), "{words}");
            }
        }
        assert_eq!(said[0], "\"high\" stands where a number must");
        assert_eq!(said[7], "`moon` is none of the words that may stand here: person, file, dataset");
        assert_eq!(said[8], "`modified_ns` is missing");
        let two = in_plain_words("unknown variant `x`, expected `a` or `b`");
        assert_eq!(two, "`x` is none of the words that may stand here: a, b");
        assert_eq!(in_plain_words("it is not UTF-8\n"), "it is not UTF-8");
    }
}
