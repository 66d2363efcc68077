-- What changes at every step of a delivery stands apart from what never does: facts move to the table of payloads, which is written once. A step
-- then writes a third of the bytes.

ALTER TABLE payload RENAME TO payload_whole;
ALTER TABLE delivery RENAME TO delivery_whole;
DROP INDEX delivery_open;
DROP INDEX delivery_queue;

CREATE TABLE delivery (
    sequence INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (sequence),
    number INTEGER NOT NULL,
    role TEXT NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT delivery_state CHECK (
        state IN ('queued', 'leased', 'submitted', 'uncertain', 'posted', 'rejected', 'parked', 'resolved')
    ),
    state_body BLOB NOT NULL,
    due_at INTEGER,
    version INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    moved_at INTEGER NOT NULL,
    CONSTRAINT delivery_place UNIQUE (document, number)
) STRICT;

INSERT INTO delivery
SELECT sequence, document, number, role, kind, entity, target, state, state_body, due_at, version, attempts, moved_at
FROM delivery_whole ORDER BY sequence;

CREATE TABLE payload (
    delivery INTEGER PRIMARY KEY REFERENCES delivery (sequence),
    flow TEXT NOT NULL,
    stamp TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    document_number TEXT NOT NULL,
    party TEXT NOT NULL,
    accounting_date TEXT NOT NULL,
    period TEXT NOT NULL,
    revision TEXT NOT NULL,
    crosswalk_version TEXT NOT NULL,
    crosswalk BLOB NOT NULL,
    opened_at INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

INSERT INTO payload
SELECT d.sequence, d.flow, d.stamp, d.idempotency_key, d.document_number, d.party, d.accounting_date, d.period, d.revision, d.crosswalk_version,
    d.crosswalk, d.opened_at, p.body
FROM delivery_whole d JOIN payload_whole p ON p.delivery = d.sequence ORDER BY d.sequence;

DROP TABLE payload_whole;
DROP TABLE delivery_whole;

CREATE INDEX delivery_open ON delivery (state, due_at) WHERE state <> 'posted';
CREATE INDEX delivery_queue ON delivery (target, kind, entity, due_at) WHERE state = 'queued';
