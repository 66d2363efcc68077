-- What was found out about the books: crosswalks in force, reconciliations, breaks; and how often systems were called.

CREATE TABLE crosswalk (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    summary TEXT NOT NULL
) STRICT;

CREATE TABLE reconciliation (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    entity TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    breaks INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;

CREATE TABLE break (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    entity TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    class TEXT NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    summary TEXT NOT NULL
) STRICT;

CREATE INDEX break_scope ON break (entity, snapshot);

CREATE TABLE call_counter (
    system TEXT NOT NULL,
    operation TEXT NOT NULL,
    calls INTEGER NOT NULL,
    unanswered INTEGER NOT NULL,
    response_bytes INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (system, operation)
) STRICT, WITHOUT ROWID;
