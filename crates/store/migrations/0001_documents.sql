-- Documents, their deliveries, and the audit log that explains them.
-- Bodies live beside their rows, so that a move or a listing does not touch them.

CREATE TABLE cursor (
    flow TEXT NOT NULL PRIMARY KEY,
    position TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
    sequence INTEGER PRIMARY KEY,
    id BLOB NOT NULL CONSTRAINT document_id UNIQUE,
    origin TEXT NOT NULL,
    flow TEXT NOT NULL,
    system TEXT NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT,
    accounting_date TEXT,
    revision TEXT,
    modified INTEGER,
    state TEXT NOT NULL CONSTRAINT document_state CHECK (
        state IN ('captured', 'translated', 'held', 'held_transient', 'malformed', 'deleted')
    ),
    settled_revision TEXT,
    captured_at INTEGER NOT NULL,
    held_at INTEGER,
    deleted_at INTEGER
) STRICT;

CREATE INDEX document_open ON document (state, sequence) WHERE state <> 'translated';
CREATE INDEX document_number ON document (number);

CREATE TABLE envelope (
    document INTEGER PRIMARY KEY REFERENCES document (sequence),
    body BLOB NOT NULL
) STRICT;

CREATE TABLE alias (
    key BLOB NOT NULL PRIMARY KEY,
    document BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    document BLOB NOT NULL REFERENCES document (id),
    position INTEGER NOT NULL,
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    summary TEXT NOT NULL,
    remedy TEXT NOT NULL,
    PRIMARY KEY (document, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
    sequence INTEGER PRIMARY KEY,
    document BLOB NOT NULL REFERENCES document (id),
    number INTEGER NOT NULL,
    flow TEXT NOT NULL,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    target TEXT NOT NULL,
    stamp TEXT NOT NULL CONSTRAINT delivery_stamp UNIQUE,
    idempotency_key TEXT NOT NULL,
    document_number TEXT NOT NULL,
    party TEXT NOT NULL,
    accounting_date TEXT NOT NULL,
    period TEXT NOT NULL,
    revision TEXT NOT NULL,
    crosswalk_version TEXT NOT NULL,
    crosswalk BLOB NOT NULL,
    state TEXT NOT NULL CONSTRAINT delivery_state CHECK (
        state IN ('queued', 'leased', 'submitted', 'uncertain', 'posted', 'rejected', 'parked', 'resolved')
    ),
    state_body BLOB NOT NULL,
    due_at INTEGER,
    version INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    moved_at INTEGER NOT NULL,
    CONSTRAINT delivery_id UNIQUE (document, number)
) STRICT;

CREATE INDEX delivery_open ON delivery (state, due_at) WHERE state <> 'posted';
CREATE INDEX delivery_queue ON delivery (target, kind, entity, due_at) WHERE state = 'queued';
CREATE INDEX delivery_posted ON delivery (entity, accounting_date) WHERE state = 'posted';

CREATE TABLE payload (
    delivery INTEGER PRIMARY KEY REFERENCES delivery (sequence),
    body BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;
