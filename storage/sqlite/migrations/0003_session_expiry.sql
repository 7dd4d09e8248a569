-- When a session stops by itself; NULL: never. Expired ones are pruned.
ALTER TABLE sessions ADD COLUMN expires INTEGER;
CREATE INDEX sessions_expires ON sessions (expires) WHERE expires IS NOT NULL;
