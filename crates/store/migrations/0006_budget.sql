-- Who may call a system now: places and turns shared by the workers on this database. No facts, so not in the audit log: rows lapse by
-- themselves, and may be deleted at any time.

CREATE TABLE budget_place (
    system TEXT NOT NULL,
    holder TEXT NOT NULL,
    places INTEGER NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (system, holder)
) STRICT, WITHOUT ROWID;

CREATE TABLE budget_turn (
    system TEXT NOT NULL PRIMARY KEY,
    next_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
