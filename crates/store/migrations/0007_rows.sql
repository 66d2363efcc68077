-- Deliveries are found by the number of their document's row, which grows, no longer by its random id; and stamps stand in a table of their
-- own, whose rows never change. In a full database every random key of a row that is written costs a page of its own.

ALTER TABLE payload RENAME TO payload_before;
ALTER TABLE delivery RENAME TO delivery_before;
DROP INDEX delivery_open;
DROP INDEX delivery_queue;
DROP INDEX delivery_posted;

CREATE TABLE delivery (
    sequence INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (sequence),
    number INTEGER NOT NULL,
    flow TEXT NOT NULL,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    target TEXT NOT NULL,
    stamp TEXT NOT NULL,
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
    CONSTRAINT delivery_row UNIQUE (document, number)
) STRICT;

INSERT INTO delivery
SELECT d.sequence, m.sequence, d.number, d.flow, d.role, d.kind, d.entity, d.target, d.stamp, d.idempotency_key, d.document_number, d.party,
    d.accounting_date, d.period, d.revision, d.crosswalk_version, d.crosswalk, d.state, d.state_body, d.due_at, d.version, d.attempts,
    d.opened_at, d.moved_at
FROM delivery_before d JOIN document m ON m.id = d.document ORDER BY d.sequence;

CREATE TABLE payload (
    delivery INTEGER PRIMARY KEY REFERENCES delivery (sequence),
    body BLOB NOT NULL
) STRICT;

INSERT INTO payload SELECT delivery, body FROM payload_before ORDER BY delivery;

CREATE TABLE stamp (
    stamp TEXT NOT NULL CONSTRAINT stamp_once PRIMARY KEY,
    delivery INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO stamp SELECT stamp, sequence FROM delivery ORDER BY stamp;

DROP TABLE payload_before;
DROP TABLE delivery_before;

CREATE INDEX delivery_open ON delivery (state, due_at) WHERE state <> 'posted';
CREATE INDEX delivery_queue ON delivery (target, kind, entity, due_at) WHERE state = 'queued';
CREATE INDEX delivery_posted ON delivery (entity, accounting_date) WHERE state = 'posted';
