-- What each difference was traced to: its document, what both sides say, its shares in balances. Differences found before have none.

CREATE TABLE break_trace (
    sequence INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;
