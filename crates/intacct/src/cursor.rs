//! Where a reading of changes stands, as text: `v1|…`. Times are UTC, so a cursor survives a change of the user's zone.
//!
//! Four streams share one cursor: stamped rows, rows without a stamp, deletions, and the look-back that reads a window again.

use tieout_connector::{Cursor, Fault, FaultOrigin};
use tieout_model::FaultClass;

use crate::civil_time::Second;

/// How long a second of the source lasts; its stamps tell no finer time.
const SECOND_MS: i64 = 1_000;

/// Where the stream of stamped rows stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stamped {
    /// Nothing was read.
    Start,
    /// After record `record` of second `second`; more is waiting.
    Inside {
        /// Second.
        second: Second,
        /// Record number.
        record: i64,
        /// True if every page of this second was read after the second was over.
        is_settled: bool,
        /// Our time in milliseconds when this second was first caught up; 0 if it never was. Without it a second with more rows than
        /// a page would be read again for ever.
        since_ms: i64,
    },
    /// Everything was read at our time `at_ms`; the newest row was of `second`, which may get more rows.
    CaughtUp {
        /// Second.
        second: Second,
        /// Our time in milliseconds.
        at_ms: i64,
    },
    /// Everything up to the end of `second` was read after that second was over.
    Closed {
        /// Second.
        second: Second,
    },
}

impl Stamped {
    /// The newest second that was met.
    pub(crate) fn second(self) -> Option<Second> {
        match self {
            Self::Start => None,
            Self::Inside { second, .. } | Self::CaughtUp { second, .. } => Some(second),
            Self::Closed { second } => Some(second),
        }
    }

    /// Where the stream stands after a page that began at `now_ms`, ended with `last` and was the last one or not.
    pub(crate) fn advanced(
        self,
        now_ms: i64,
        settle_ms: i64,
        last: Option<(Second, i64)>,
        is_full: bool,
    ) -> Self {
        let settled_second = match self {
            Self::Start => None,
            Self::Inside {
                second,
                is_settled: true,
                ..
            } => Some(second),
            Self::Inside { .. } => None,
            Self::CaughtUp { second, at_ms } => {
                // The second may have just begun when its first row was met: until it is surely over, more may come.
                let waited_ms = now_ms.saturating_sub(at_ms);
                (waited_ms >= settle_ms.saturating_add(SECOND_MS)).then_some(second)
            }
            Self::Closed { second } => Some(second),
        };
        let Some((second, record)) = last else {
            return match (self, settled_second) {
                (_, Some(second)) => Self::Closed { second },
                (
                    Self::Inside {
                        second, since_ms, ..
                    },
                    None,
                ) => Self::CaughtUp {
                    second,
                    at_ms: if since_ms == 0 { now_ms } else { since_ms },
                },
                (unchanged, None) => unchanged,
            };
        };
        let is_settled = settled_second == Some(second);
        // A second that was met before and is still open keeps the time it was first caught up at.
        let since_ms = match self {
            Self::CaughtUp {
                second: before,
                at_ms,
            } if before == second => at_ms,
            Self::Inside {
                second: before,
                since_ms,
                ..
            } if before == second => since_ms,
            Self::Start | Self::Inside { .. } | Self::CaughtUp { .. } | Self::Closed { .. } => 0,
        };
        if is_full {
            return Self::Inside {
                second,
                record,
                is_settled,
                since_ms,
            };
        }
        if is_settled {
            return Self::Closed { second };
        }
        let at_ms = if since_ms == 0 { now_ms } else { since_ms };
        Self::CaughtUp { second, at_ms }
    }
}

/// Where the look-back stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LookBack {
    /// Our time when the last one began, in milliseconds; 0 before the first.
    pub(crate) began_ms: i64,
    /// Inside one: after this second and record.
    pub(crate) inside: Option<(Second, i64)>,
}

/// Where everything stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Stamped rows.
    pub(crate) stamped: Stamped,
    /// Rows without a stamp: after this record number.
    pub(crate) unstamped: i64,
    /// Deletions, by their second.
    pub(crate) deleted: Stamped,
    /// Look-back.
    pub(crate) look_back: LookBack,
}

impl Position {
    /// Before everything.
    pub(crate) const START: Self = Self {
        stamped: Stamped::Start,
        unstamped: 0,
        deleted: Stamped::Start,
        look_back: LookBack {
            began_ms: 0,
            inside: None,
        },
    };

    /// As text.
    pub(crate) fn write(&self) -> Cursor {
        let inside = self
            .look_back
            .inside
            .map_or("-".to_owned(), |(s, r)| format!("{s}.{r}"));
        Cursor(format!(
            "v1|{}|{}|{}|{}|{inside}",
            stamped_text(self.stamped),
            self.unstamped,
            stamped_text(self.deleted),
            self.look_back.began_ms,
        ))
    }

    /// From text.
    ///
    /// # Errors
    /// [`FaultClass::Incompatible`] for a text this version does not write.
    pub(crate) fn read(cursor: &Cursor) -> Result<Self, Fault> {
        Self::parsed(&cursor.0).ok_or_else(|| {
            let detail = format!(
                "the cursor {:?} was not written by this version; start this flow from the beginning, repeats are recognised",
                cursor.0
            );
            let class = FaultClass::Incompatible;
            Fault::new(class, FaultOrigin::Transport, "reading changes", detail)
        })
    }

    fn parsed(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('|').collect();
        let [version, stamped, unstamped, deleted, began, inside] = parts.as_slice() else {
            return None;
        };
        let inside = match *inside {
            "-" => None,
            pair => {
                let (second, record) = pair.split_once('.')?;
                Some((second.parse().ok()?, record.parse().ok()?))
            }
        };
        (*version == "v1").then_some(Self {
            stamped: stamped_of(stamped)?,
            unstamped: unstamped.parse().ok()?,
            deleted: stamped_of(deleted)?,
            look_back: LookBack {
                began_ms: began.parse().ok()?,
                inside,
            },
        })
    }
}

fn stamped_text(stamped: Stamped) -> String {
    match stamped {
        Stamped::Start => "s".to_owned(),
        Stamped::Inside {
            second,
            record,
            is_settled: true,
            ..
        } => format!("i{second}.{record}.1"),
        Stamped::Inside {
            second,
            record,
            since_ms,
            ..
        } => format!("i{second}.{record}.{since_ms}"),
        Stamped::CaughtUp { second, at_ms } => format!("u{second}.{at_ms}"),
        Stamped::Closed { second } => format!("c{second}"),
    }
}

fn stamped_of(text: &str) -> Option<Stamped> {
    let mut chars = text.chars();
    let kind = chars.next()?;
    let parts: Vec<&str> = chars.as_str().split('.').collect();
    match (kind, parts.as_slice()) {
        ('s', [""]) => Some(Stamped::Start),
        ('i', [second, record, since]) => Some(Stamped::Inside {
            second: second.parse().ok()?,
            record: record.parse().ok()?,
            is_settled: *since == "1",
            since_ms: if *since == "1" {
                0
            } else {
                since.parse().ok()?
            },
        }),
        ('u', [second, at_ms]) => Some(Stamped::CaughtUp {
            second: second.parse().ok()?,
            at_ms: at_ms.parse().ok()?,
        }),
        ('c', [second]) => Some(Stamped::Closed {
            second: second.parse().ok()?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, LookBack, Position, Stamped};

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let stamped = [
            Stamped::Start,
            Stamped::Inside {
                second: 1_790_000_000,
                record: 42,
                is_settled: true,
                since_ms: 0,
            },
            Stamped::CaughtUp {
                second: -5,
                at_ms: 77,
            },
            Stamped::Closed { second: 9 },
        ];
        for (stamped, inside) in stamped
            .into_iter()
            .zip([None, Some((3, 4)), None, Some((5, 6))])
        {
            let position = Position {
                stamped,
                unstamped: 12,
                deleted: stamped,
                look_back: LookBack {
                    began_ms: 13,
                    inside,
                },
            };
            assert_eq!(Position::read(&position.write()), Ok(position));
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        for text in [
            "",
            "v2|s|0|s|0|-",
            "v1|s|0|s|0",
            "v1|x1|0|s|0|-",
            "v1|i1.2.x|0|s|0|-",
        ] {
            assert!(
                Position::read(&Cursor(text.to_owned())).is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_second_is_not_closed_before_it_can_be_over_however_short_the_settling() {
        let first = Stamped::Start.advanced(1_000, 0, Some((50, 7)), false);
        let soon = first.advanced(1_100, 0, Some((50, 8)), false);
        assert_eq!(soon, first);
        let later = soon.advanced(2_000, 0, Some((50, 9)), false);
        assert_eq!(later, Stamped::Closed { second: 50 });
    }

    #[test]
    fn an_open_second_is_read_again_and_closed_once_it_is_over() {
        let first = Stamped::Start.advanced(1_000, 2_000, Some((50, 7)), false);
        assert_eq!(
            first,
            Stamped::CaughtUp {
                second: 50,
                at_ms: 1_000
            }
        );
        let again = first.advanced(1_500, 2_000, Some((50, 9)), false);
        assert_eq!(
            again,
            Stamped::CaughtUp {
                second: 50,
                at_ms: 1_000
            }
        );
        let over = again.advanced(4_000, 2_000, Some((50, 9)), false);
        assert_eq!(over, Stamped::Closed { second: 50 });
        let newer = again.advanced(3_000, 2_000, Some((51, 1)), false);
        assert_eq!(
            newer,
            Stamped::CaughtUp {
                second: 51,
                at_ms: 3_000
            }
        );
    }

    #[test]
    fn a_second_with_more_rows_than_a_page_is_closed_in_time_however_often_it_is_read() {
        let mut at = Stamped::Start;
        for round in 0..40_i64 {
            let now_ms = 10_000 + round * 100;
            at = at.advanced(now_ms, 0, Some((50, 7)), true);
            at = at.advanced(now_ms + 50, 0, Some((50, 9)), false);
            if at == (Stamped::Closed { second: 50 }) {
                assert!(now_ms >= 11_000);
                return;
            }
        }
        panic!("read again for ever: {at:?}");
    }

    #[test]
    fn a_full_page_goes_on_inside_its_last_second() {
        let full = Stamped::Start.advanced(1_000, 2_000, Some((50, 7)), true);
        assert_eq!(
            full,
            Stamped::Inside {
                second: 50,
                record: 7,
                is_settled: false,
                since_ms: 0,
            }
        );
        assert_eq!(
            full.advanced(9_000, 2_000, None, false),
            Stamped::CaughtUp {
                second: 50,
                at_ms: 9_000
            }
        );
    }
}
