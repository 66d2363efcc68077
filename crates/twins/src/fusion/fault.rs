//! Errors as the vendor answers them: a list of messages with codes, shaped later by framework version (fusion.md §1.9).

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    /// The text, product code in parentheses where there is one.
    pub text: String,
    /// `o:errorCode`.
    pub code: String,
    /// `o:errorPath`.
    pub path: String,
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// HTTP status.
    pub status: u16,
    /// The messages; empty for a bare status.
    pub details: Vec<Detail>,
}

impl Fault {
    /// A refusal with one message.
    pub(crate) fn new(
        status: u16,
        code: &str,
        text: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        Self {
            status,
            details: vec![Detail {
                text: text.into(),
                code: code.into(),
                path: path.into(),
            }],
        }
    }

    /// 400 with a business message.
    pub(crate) fn bad(text: impl Into<String>, path: impl Into<String>) -> Self {
        Self::new(400, "", text, path)
    }

    /// 400 for an attribute that does not exist (fusion.md §1.6 [S-live]).
    pub(crate) fn unknown_attribute(name: &str, path: &str) -> Self {
        Self::new(
            400,
            "27023",
            format!("Invalid attribute \"{name}\" in the payload."),
            path,
        )
    }

    /// 400 for a mandatory attribute that is missing (fusion.md §1.6 [S-live]).
    pub(crate) fn required(name: &str, object: &str, path: &str) -> Self {
        Self::new(
            400,
            "27014",
            format!("JBO-27014: Attribute {name} in {object} is required"),
            path,
        )
    }

    /// 400 for a value that its list does not hold (fusion.md §1.6 [S-live]).
    pub(crate) fn not_listed(name: &str, path: &str) -> Self {
        Self::new(
            400,
            "27024",
            format!("The value of the attribute {name} isn't valid."),
            path,
        )
    }

    /// 400 for a value of the wrong type.
    pub(crate) fn wrong_type(name: &str, wanted: &str, path: &str) -> Self {
        Self::new(
            400,
            "27018",
            format!("JBO-27018: Attribute {name} must be {wanted}."),
            path,
        )
    }

    /// 400 for a text beyond its length.
    pub(crate) fn too_long(name: &str, limit: usize, path: &str) -> Self {
        Self::new(
            400,
            "27040",
            format!(
                "The value of the attribute {name} exceeds the maximum length of {limit}. (FND-2825)"
            ),
            path,
        )
    }

    /// 404 without words.
    pub(crate) fn not_found() -> Self {
        Self {
            status: 404,
            details: Vec::new(),
        }
    }

    /// 405.
    pub(crate) fn not_allowed() -> Self {
        Self {
            status: 405,
            details: Vec::new(),
        }
    }
}
