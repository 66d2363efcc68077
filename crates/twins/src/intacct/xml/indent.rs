//! Pretty printing of an answer, which a caller gets unless it says `includewhitespace` false (intacct-xml.md §1.3 [D]).

const STEP: &str = "    ";

fn line(out: &mut String, depth: usize) {
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    for _ in 0..depth {
        out.push_str(STEP);
    }
}

/// Puts every element on a line of its own. The document must have no mixed content.
pub(in crate::intacct) fn indent(document: &str) -> String {
    let mut out = String::with_capacity(document.len() + document.len() / 4);
    let (mut depth, mut after_end) = (0_usize, true);
    for piece in document.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
            if after_end {
                line(&mut out, depth);
            }
            after_end = true;
        } else {
            line(&mut out, depth);
            after_end = tag.ends_with('/') || tag.starts_with('?');
            depth += usize::from(!after_end);
        }
        out.push('<');
        out.push_str(tag);
        out.push('>');
        if !after_end {
            out.push_str(text);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn an_element_a_line_and_texts_untouched() {
        let flat = "<?xml version=\"1.0\"?>\n<a><b> x &lt; </b><c k=\"1\"/><d><e></e></d></a>";
        let wanted = "<?xml version=\"1.0\"?>\n<a>\n    <b> x &lt; </b>\n    <c k=\"1\"/>\n    <d>\n        <e></e>\n    </d>\n</a>";
        assert_eq!(indent(flat), wanted);
    }
}
