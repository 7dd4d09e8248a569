-- By which call a ticket was taken. Older processes write it; nothing reads it.
ALTER TABLE charla.tickets ADD COLUMN turn text COLLATE "C";
