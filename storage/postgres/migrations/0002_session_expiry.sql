-- When a session stops by itself; NULL: never. Expired ones are pruned.
ALTER TABLE charla.sessions ADD COLUMN expires bigint;
CREATE INDEX sessions_expires ON charla.sessions (expires) WHERE expires IS NOT NULL;
