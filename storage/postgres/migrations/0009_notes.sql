-- Notes are left out of what visitors read.
ALTER TABLE charla.messages ADD COLUMN note boolean NOT NULL DEFAULT false;
