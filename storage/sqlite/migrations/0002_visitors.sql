-- How far each side of a conversation has read.
CREATE TABLE marks (
  account      INTEGER NOT NULL REFERENCES accounts,
  conversation INTEGER NOT NULL,
  customer     INTEGER NOT NULL,
  agent        INTEGER NOT NULL,
  PRIMARY KEY (account, conversation)
) STRICT, WITHOUT ROWID;

-- What visitors sent by the contact form.
CREATE TABLE submissions (
  key     INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts,
  name    TEXT    NOT NULL,
  doc     BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX submissions_name ON submissions (account, name);
CREATE INDEX submissions_account ON submissions (account, key);
