-- IDs are 16-byte blobs, times microseconds since 1970 in UTC. The documents of
-- accounts and presence are JSON, all others as storage/internal/codec has them.
-- Every table leads with the account's own small number, which is never used
-- again. A conversation is known inside by its row number.

CREATE TABLE meta (
  -- What cursors are bound to.
  id BLOB NOT NULL
) STRICT;
INSERT INTO meta (id) VALUES (randomblob(16));

CREATE TABLE accounts (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid     BLOB    NOT NULL UNIQUE,
  key      TEXT    NOT NULL UNIQUE,
  revision INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  -- No active conversation is armed under a version below this one.
  settled  INTEGER NOT NULL,
  hidden   INTEGER NOT NULL,
  deleted  INTEGER NOT NULL,
  doc      BLOB    NOT NULL
) STRICT;
CREATE INDEX accounts_stale ON accounts (id) WHERE settled < version AND deleted = 0;

CREATE TABLE documents (
  account INTEGER NOT NULL REFERENCES accounts,
  name    TEXT    NOT NULL,
  version INTEGER NOT NULL,
  body    BLOB    NOT NULL,
  PRIMARY KEY (account, name, version)
) STRICT;

CREATE TABLE presence (
  account  INTEGER PRIMARY KEY REFERENCES accounts,
  revision INTEGER NOT NULL,
  doc      BLOB    NOT NULL
) STRICT;

CREATE TABLE sessions (
  account      INTEGER NOT NULL REFERENCES accounts,
  id           BLOB    NOT NULL,
  revision     INTEGER NOT NULL,
  conversation BLOB    NOT NULL,
  kind         TEXT    NOT NULL,
  value        TEXT    NOT NULL,
  doc          BLOB    NOT NULL,
  PRIMARY KEY (account, id)
) STRICT;

CREATE TABLE conversations (
  key     INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES accounts,
  id      BLOB    NOT NULL,
  version INTEGER NOT NULL,
  number  INTEGER NOT NULL,
  -- The account's commits, counted: what its feed is read by.
  change  INTEGER NOT NULL,
  -- The next deadline, or the end of the lease under which it was claimed.
  wake    INTEGER,
  -- The version under which an active conversation is armed; the largest
  -- integer for one that only has a wake, NULL for one that has neither.
  armed   INTEGER,
  -- Until when ClaimStale leaves it alone.
  lease   INTEGER NOT NULL,
  doc     BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX conversations_id ON conversations (account, id);
CREATE UNIQUE INDEX conversations_change ON conversations (account, change);
CREATE INDEX conversations_wake ON conversations (wake) WHERE wake IS NOT NULL;
CREATE INDEX conversations_armed ON conversations (account, armed, lease) WHERE armed IS NOT NULL;

CREATE TABLE identities (
  account      INTEGER NOT NULL REFERENCES accounts,
  kind         TEXT    NOT NULL,
  value        TEXT    NOT NULL,
  conversation INTEGER NOT NULL,
  PRIMARY KEY (account, kind, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE tickets (
  key          INTEGER PRIMARY KEY,
  account      INTEGER NOT NULL REFERENCES accounts,
  conversation INTEGER NOT NULL,
  number       INTEGER NOT NULL,
  status       TEXT    NOT NULL,
  important    INTEGER NOT NULL,
  delayed      INTEGER NOT NULL,
  category     TEXT,
  -- Of the typification: a JSON object, NULL without any.
  fields       TEXT,
  created      INTEGER NOT NULL,
  changed      INTEGER NOT NULL,
  -- Only of open tickets: since when somebody waits, and where auto-close
  -- counts from.
  waits        INTEGER,
  counts       INTEGER,
  doc          BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX tickets_number ON tickets (account, conversation, number);
CREATE UNIQUE INDEX tickets_one ON tickets (account, conversation) WHERE status <> 'closed';
CREATE INDEX tickets_status ON tickets (account, status, changed);
CREATE INDEX tickets_important ON tickets (account, changed) WHERE important = 1;
CREATE INDEX tickets_delayed ON tickets (account, changed) WHERE delayed = 1;
CREATE INDEX tickets_category ON tickets (account, category, changed) WHERE category IS NOT NULL;
CREATE INDEX tickets_typified ON tickets (account, changed) WHERE category IS NOT NULL;
CREATE INDEX tickets_created ON tickets (account, created, status, important, delayed);
CREATE INDEX tickets_waits ON tickets (account, waits, delayed) WHERE waits IS NOT NULL;
CREATE INDEX tickets_counts ON tickets (account, counts) WHERE counts IS NOT NULL;

CREATE TABLE messages (
  account      INTEGER NOT NULL REFERENCES accounts,
  conversation INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  session      BLOB    NOT NULL,
  doc          BLOB    NOT NULL,
  PRIMARY KEY (account, conversation, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
  account      INTEGER NOT NULL REFERENCES accounts,
  conversation INTEGER NOT NULL,
  n            INTEGER NOT NULL,
  ticket       INTEGER NOT NULL,
  doc          BLOB    NOT NULL,
  PRIMARY KEY (account, conversation, n)
) STRICT;

CREATE TABLE receipts (
  account      INTEGER NOT NULL REFERENCES accounts,
  conversation INTEGER NOT NULL,
  scope        TEXT    NOT NULL,
  key          TEXT    NOT NULL,
  doc          BLOB    NOT NULL,
  PRIMARY KEY (account, conversation, scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
  key          INTEGER PRIMARY KEY,
  account      INTEGER NOT NULL REFERENCES accounts,
  conversation INTEGER NOT NULL,
  ticket       INTEGER NOT NULL,
  since        INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  -- Nanoseconds.
  waited       INTEGER NOT NULL,
  sla          INTEGER NOT NULL,
  first        INTEGER NOT NULL,
  agent        TEXT    NOT NULL
) STRICT;
CREATE INDEX answers_at ON answers (account, at, first, waited, sla);

CREATE TABLE deliveries (
  key          INTEGER PRIMARY KEY,
  account      INTEGER NOT NULL REFERENCES accounts,
  name         TEXT    NOT NULL,
  kind         TEXT    NOT NULL,
  conversation BLOB    NOT NULL,
  ticket       INTEGER NOT NULL,
  body         BLOB    NOT NULL,
  repeatable   INTEGER NOT NULL,
  state        TEXT    NOT NULL,
  attempts     INTEGER NOT NULL,
  fence        INTEGER NOT NULL,
  not_before   INTEGER NOT NULL,
  settled      INTEGER NOT NULL,
  -- What the next step waits for: of a pending one not_before, of a sending
  -- one the end of its lease, of a sent one settled.
  due          INTEGER,
  error        TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX deliveries_name ON deliveries (account, name);
CREATE INDEX deliveries_state ON deliveries (account, state);
CREATE INDEX deliveries_due ON deliveries (state, due) WHERE due IS NOT NULL;

-- A text of a ticket; its words are in the index under the same number, each
-- led by the account's number.
CREATE TABLE texts (
  key    INTEGER PRIMARY KEY,
  ticket INTEGER NOT NULL
) STRICT;
CREATE VIRTUAL TABLE words USING fts5(
  text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
