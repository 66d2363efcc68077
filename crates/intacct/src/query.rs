//! Functions of the gateway as values: queries, look-ups and the envelope they travel in (intacct-xml.md §1.2, §2.1).

use crate::xml::write::Element;

/// One function to call, with what the audit log shall say about it.
#[derive(Debug, Clone)]
pub(crate) struct Function {
    /// What it does, in the gateway's words: `query APBILL`.
    pub(crate) operation: String,
    /// The element inside `function`.
    pub(crate) body: Element,
    /// What a fault means for it.
    pub(crate) nature: Nature,
    /// The function's control id; `None` to draw a running one. Compared by the gateway for writes (intacct-xml.md §1.4).
    pub(crate) control_id: Option<String>,
}

/// Whether a function changes books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It may be repeated at will.
    Read,
    /// It may be repeated, and `DL02000001` is one of its passing troubles (audit history pages, intacct-xml.md §1.8 [C]).
    SporadicRead,
    /// It is never repeated blindly.
    Write,
}

impl Nature {
    /// True if it changes nothing.
    pub(crate) fn is_read(self) -> bool {
        matches!(self, Self::Read | Self::SporadicRead)
    }
}

impl Function {
    /// A function that only reads.
    pub(crate) fn read(operation: impl Into<String>, body: Element) -> Self {
        Self {
            operation: operation.into(),
            body,
            nature: Nature::Read,
            control_id: None,
        }
    }
}

/// A condition on rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All of them; one alone stands for itself.
    And(Vec<Filter>),
    /// One of them; one alone stands for itself.
    Or(Vec<Filter>),
    /// `operator`, field, values.
    Compare(&'static str, String, Vec<String>),
}

impl Filter {
    /// The field equals the value.
    pub(crate) fn equal(field: &str, value: impl Into<String>) -> Self {
        Self::Compare("equalto", field.to_owned(), vec![value.into()])
    }

    /// The field is greater than the value.
    pub(crate) fn above(field: &str, value: impl Into<String>) -> Self {
        Self::Compare("greaterthan", field.to_owned(), vec![value.into()])
    }

    /// The field is at least the value.
    pub(crate) fn from(field: &str, value: impl Into<String>) -> Self {
        Self::Compare("greaterthanorequalto", field.to_owned(), vec![value.into()])
    }

    /// The field is at most the value.
    pub(crate) fn until(field: &str, value: impl Into<String>) -> Self {
        Self::Compare("lessthanorequalto", field.to_owned(), vec![value.into()])
    }

    /// The field has one of the values (at most 1,000, intacct-xml.md §8 [D]).
    pub(crate) fn within<T: Into<String>>(
        field: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self::Compare("in", field.to_owned(), values)
    }

    /// The field has none of the values.
    pub(crate) fn without<T: Into<String>>(
        field: &str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self::Compare("notin", field.to_owned(), values)
    }

    /// The field has no value.
    pub(crate) fn absent(field: &str) -> Self {
        Self::Compare("isnull", field.to_owned(), Vec::new())
    }

    /// The field has a value.
    pub(crate) fn present(field: &str) -> Self {
        Self::Compare("isnotnull", field.to_owned(), Vec::new())
    }

    fn write(&self, out: &mut Element) {
        match self {
            Self::And(all) => Self::write_group("and", all, out),
            Self::Or(any) => Self::write_group("or", any, out),
            Self::Compare(operator, field, values) => {
                out.nest(operator, |out| {
                    out.leaf("field", field);
                    for value in values {
                        out.leaf("value", value);
                    }
                });
            }
        }
    }

    fn write_group(name: &str, members: &[Filter], out: &mut Element) {
        match members {
            [] => {}
            [one] => one.write(out),
            many => {
                out.nest(name, |out| many.iter().for_each(|one| one.write(out)));
            }
        }
    }
}

/// A `query`.
#[derive(Debug, Clone)]
pub(crate) struct Query<'a> {
    /// The object.
    pub(crate) object: &'a str,
    /// The fields.
    pub(crate) fields: &'a [String],
    /// Which rows; all of them for an empty [`Filter::And`].
    pub(crate) filter: Filter,
    /// In which order, ascending.
    pub(crate) order: &'a [&'a str],
    /// How many rows at most.
    pub(crate) page_size: u32,
    /// How many rows to leave out.
    pub(crate) offset: u64,
    /// Whether rows private to an entity are shown at top level (intacct-xml.md §2.1 [D]: else they are left out silently).
    pub(crate) shows_private: bool,
}

impl Query<'_> {
    /// The function.
    pub(crate) fn function(&self) -> Function {
        let mut body = Element::new();
        body.nest("query", |query| {
            query.leaf("object", self.object);
            query.nest("select", |select| {
                for field in self.fields {
                    select.leaf("field", field);
                }
            });
            if self.filter != Filter::And(Vec::new()) {
                query.nest("filter", |filter| self.filter.write(filter));
            }
            query.nest("orderby", |order| {
                for field in self.order {
                    order.nest("order", |one| {
                        one.leaf("field", field).empty("ascending");
                    });
                }
            });
            if self.shows_private {
                query.nest("options", |options| {
                    options.leaf("showprivate", "true");
                });
            }
            query.leaf("pagesize", &self.page_size.to_string());
            query.leaf("offset", &self.offset.to_string());
        });
        Function::read(format!("query {}", self.object), body)
    }
}

/// `lookup` of an object's fields.
pub(crate) fn lookup(object: &str) -> Function {
    let mut body = Element::new();
    body.nest("lookup", |lookup| {
        lookup.leaf("object", object);
    });
    Function::read(format!("lookup {object}"), body)
}

/// `readByName` of one record.
pub(crate) fn read_by_name(object: &str, key: &str, fields: &str) -> Function {
    let mut body = Element::new();
    body.nest("readByName", |read| {
        read.leaf("object", object)
            .leaf("keys", key)
            .leaf("fields", fields);
    });
    Function::read(format!("readByName {object}"), body)
}

/// `readUserFormatting` of a user's record number.
pub(crate) fn user_formatting(record_no: &str) -> Function {
    let mut body = Element::new();
    body.nest("readUserFormatting", |read| {
        read.leaf("key", record_no);
    });
    Function::read("readUserFormatting", body)
}

/// `getAPISession`, for the scope of the login.
pub(crate) fn session() -> Function {
    let mut body = Element::new();
    body.empty("getAPISession");
    Function::read("getAPISession", body)
}

/// Who calls.
pub(crate) enum Authentication<'a> {
    /// With user and password.
    Login {
        /// User.
        user: &'a str,
        /// Company.
        company: &'a str,
        /// Password.
        password: &'a str,
        /// Entity scope, if not top level.
        location: Option<&'a str>,
    },
    /// With a session.
    Session(&'a str),
}

/// The sender, which every request names (intacct-xml.md §1.3).
pub(crate) struct Sender<'a> {
    /// Sender id.
    pub(crate) id: &'a str,
    /// Its password.
    pub(crate) password: &'a str,
}

/// The whole request around one function.
pub(crate) fn envelope(
    sender: &Sender<'_>,
    authentication: &Authentication<'_>,
    function: &Function,
    control_id: &str,
) -> String {
    let is_unique = if function.nature.is_read() {
        "false"
    } else {
        "true"
    };
    let mut out = Element::new();
    out.nest("request", |request| {
        request.nest("control", |control| {
            control
                .leaf("senderid", sender.id)
                .leaf("password", sender.password)
                .leaf("controlid", control_id)
                .leaf("uniqueid", is_unique)
                .leaf("dtdversion", "3.0")
                .leaf("includewhitespace", "false");
        });
        request.nest_with("operation", ("transaction", "false"), |operation| {
            operation.nest("authentication", |inside| {
                authenticate(inside, authentication)
            });
            operation.nest("content", |content| {
                content.nest_with("function", ("controlid", control_id), |inside| {
                    inside.append(&function.body);
                });
            });
        });
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{}",
        out.into_text()
    )
}

fn authenticate(out: &mut Element, authentication: &Authentication<'_>) {
    match authentication {
        Authentication::Session(id) => {
            out.leaf("sessionid", id);
        }
        Authentication::Login {
            user,
            company,
            password,
            location,
        } => {
            out.nest("login", |login| {
                login
                    .leaf("userid", user)
                    .leaf("companyid", company)
                    .leaf("password", password);
                if let Some(location) = location {
                    login.leaf("locationid", location);
                }
            });
        }
    }
}
