//! When two printed identifiers are the same one.
//!
//! The pages print one call as `57dab8b1-894c-409a-b240-bd8beae78896` and as
//! `57DAB8B1894C409AB240BD8BEAE78896`: GUIDs compare without case and hyphens, everything else
//! to the letter (SPEC section 4).

/// Whether two identifiers name the same thing.
pub fn same(left: &str, right: &str) -> bool {
    left == right || (is_guid(left) && is_guid(right) && normal(left) == normal(right))
}

/// The form of an identifier under which equal ones are equal: GUIDs in lower case without
/// hyphens or braces, everything else as it stands.
pub fn normal(id: &str) -> String {
    if is_guid(id) {
        id.chars()
            .filter(char::is_ascii_hexdigit)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    } else {
        id.to_owned()
    }
}

/// Whether the text is a GUID: 32 hexadecimal digits, with or without hyphens between them.
pub fn is_guid(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    digits == 32 && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_compare_without_case_and_hyphens() {
        assert!(same(
            "57dab8b1-894c-409a-b240-bd8beae78896",
            "57DAB8B1894C409AB240BD8BEAE78896"
        ));
        assert!(!same(
            "57dab8b1-894c-409a-b240-bd8beae78897",
            "57DAB8B1894C409AB240BD8BEAE78896"
        ));
    }

    #[test]
    fn what_is_no_guid_compares_to_the_letter() {
        assert!(same("op-1", "op-1"));
        assert!(!same("op-1", "OP-1"));
        assert!(!same("op-1", "op1"));
    }
}
