-- Notes are left out of what visitors read.
ALTER TABLE messages ADD COLUMN note INTEGER NOT NULL DEFAULT 0;
