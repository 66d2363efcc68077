-- Nothing asks for the posted deliveries of an entity by date: they are read in the order of their rows. Where many entities and dates
-- arrive together, this index cost every document a page of its own.

DROP INDEX delivery_posted;
