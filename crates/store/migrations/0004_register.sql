-- Change control of crosswalk versions, step by step, and the rules that coded each delivery.
-- Both tables only ever grow or, for a delivery that was not sent, take a newer text; the audit log explains every row.

CREATE TABLE register_step (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    subject TEXT NOT NULL,
    number INTEGER NOT NULL,
    act TEXT NOT NULL,
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    facts BLOB NOT NULL,
    body BLOB NOT NULL,
    CONSTRAINT register_step_id UNIQUE (subject, number)
) STRICT;

CREATE TABLE lineage (
    document BLOB NOT NULL,
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (document, number)
) STRICT, WITHOUT ROWID;
