-- By which call a ticket was taken. Older processes write it; nothing reads it.
ALTER TABLE tickets ADD COLUMN turn TEXT;
