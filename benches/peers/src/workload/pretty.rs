//! The same JSON over several lines.

/// Puts every member and element on a line of its own, indented by two spaces a level.
pub(super) fn pretty(compact: &str) -> String {
    let mut text = String::with_capacity(compact.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let mut characters = compact.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            text.push(character);
            (in_string, escaped) = match character {
                _ if escaped => (true, false),
                '\\' => (true, true),
                '"' => (false, false),
                _ => (true, false),
            };
            continue;
        }
        match character {
            '"' => {
                in_string = true;
                text.push('"');
            }
            '{' | '[' => {
                text.push(character);
                if matches!(characters.peek(), Some('}' | ']')) {
                    text.extend(characters.next());
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth -= 1;
                new_line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(',');
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => text.push(character),
        }
    }
    text
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_form_that_serde_json_gives() {
        let compact = r#"{"a":[1,{"b":"x:{,\"\\"},{},[]],"c":{"d":null}}"#;
        let value: serde_json::Value = serde_json::from_str(compact).unwrap();
        assert_eq!(super::pretty(compact), serde_json::to_string_pretty(&value).unwrap());
    }
}
