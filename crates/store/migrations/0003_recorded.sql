-- Reconciliation reads an entity's documents in the order of capture.

CREATE INDEX document_entity ON document (entity, sequence);
