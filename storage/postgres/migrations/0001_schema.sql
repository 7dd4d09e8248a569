-- IDs are UUIDs, times microseconds since 1970 in UTC. The documents of accounts,
-- presence and submissions are JSON, all others as storage/internal/codec has them.
-- Every table but the accounts' own leads with the account, by which it can be
-- partitioned: a call of "by", with the table and its settings, ends the statement
-- that creates it. Texts are compared byte by byte.

CREATE TABLE charla.meta (
  -- What cursors are bound to.
  id         uuid NOT NULL DEFAULT gen_random_uuid(),
  -- The server that counted the transactions by which changes are read, and this
  -- table, as migrate.go spells them.
  place      text NOT NULL,
  partitions integer NOT NULL
);
INSERT INTO charla.meta (place, partitions)
SELECT system_identifier || ' ' || 'charla.meta'::regclass::oid, {{.Partitions}} FROM pg_control_system();

CREATE SEQUENCE charla.numbers;

CREATE TABLE charla.accounts (
  id       uuid PRIMARY KEY,
  -- Never used again, not even for another account of that ID.
  number   bigint NOT NULL DEFAULT nextval('charla.numbers'),
  key      text COLLATE "C" NOT NULL UNIQUE,
  revision bigint NOT NULL,
  version  bigint NOT NULL,
  hidden   boolean NOT NULL,
  deleted  boolean NOT NULL,
  doc      json NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200);

-- Accounts in which an active conversation may be armed under an older version.
CREATE TABLE charla.stale (
  account uuid PRIMARY KEY
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

CREATE TABLE charla.documents (
  account uuid   NOT NULL,
  name    text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  body    bytea  NOT NULL,
  PRIMARY KEY (account, name, version)
) {{by "documents" ""}};

CREATE TABLE charla.presence (
  account  uuid   PRIMARY KEY,
  revision bigint NOT NULL,
  doc      json   NOT NULL
) {{by "presence" "fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 200"}};

CREATE TABLE charla.sessions (
  account      uuid   NOT NULL,
  id           uuid   NOT NULL,
  revision     bigint NOT NULL,
  conversation uuid   NOT NULL,
  kind         text COLLATE "C" NOT NULL,
  value        text COLLATE "C" NOT NULL,
  doc          bytea  NOT NULL,
  PRIMARY KEY (account, id)
) {{by "sessions" "fillfactor = 80"}};

CREATE TABLE charla.conversations (
  account uuid   NOT NULL,
  id      uuid   NOT NULL,
  version bigint NOT NULL,
  number  bigint NOT NULL,
  -- The transaction of its last commit: what the account's feed is read by.
  change  xid8   NOT NULL,
  -- The next deadline, or the end of the lease under which it was claimed.
  wake    bigint,
  -- The version under which an active conversation is armed; the largest number
  -- for one that only has a wake, NULL for one that has neither.
  armed   bigint,
  -- Until when ClaimStale leaves it alone.
  lease   bigint NOT NULL,
  doc     bytea  NOT NULL,
  PRIMARY KEY (account, id)
) {{by "conversations" "fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0"}};
CREATE INDEX conversations_change ON charla.conversations (account, change, id);
CREATE INDEX conversations_armed ON charla.conversations (account, armed) WHERE armed IS NOT NULL;
-- The claim of what is due, for all accounts.
CREATE INDEX conversations_wake ON charla.conversations (wake) WHERE wake IS NOT NULL;

CREATE TABLE charla.identities (
  account      uuid NOT NULL,
  kind         text COLLATE "C" NOT NULL,
  value        text COLLATE "C" NOT NULL,
  conversation uuid NOT NULL,
  PRIMARY KEY (account, kind, value)
) {{by "identities" ""}};

CREATE TABLE charla.tickets (
  account      uuid    NOT NULL,
  conversation uuid    NOT NULL,
  number       bigint  NOT NULL,
  status       text COLLATE "C" NOT NULL,
  important    boolean NOT NULL,
  delayed      boolean NOT NULL,
  category     text COLLATE "C",
  -- Of the typification; NULL without any.
  fields       jsonb,
  created      bigint  NOT NULL,
  changed      bigint  NOT NULL,
  -- Only of open tickets: since when somebody waits, and where auto-close counts
  -- from.
  waits        bigint,
  counts       bigint,
  doc          bytea   NOT NULL,
  PRIMARY KEY (account, conversation, number)
) {{by "tickets" "fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0"}};
CREATE UNIQUE INDEX tickets_one ON charla.tickets (account, conversation) WHERE status <> 'closed';
CREATE INDEX tickets_status ON charla.tickets (account, status, changed, conversation, number);
CREATE INDEX tickets_important ON charla.tickets (account, changed, conversation, number) WHERE important;
CREATE INDEX tickets_delayed ON charla.tickets (account, changed, conversation, number) WHERE delayed;
CREATE INDEX tickets_category ON charla.tickets (account, category, changed, conversation, number) WHERE category IS NOT NULL;
CREATE INDEX tickets_created ON charla.tickets (account, created);
CREATE INDEX tickets_waits ON charla.tickets (account, waits, conversation, number) WHERE waits IS NOT NULL;
CREATE INDEX tickets_counts ON charla.tickets (account, counts) WHERE counts IS NOT NULL;

CREATE TABLE charla.messages (
  account      uuid   NOT NULL,
  conversation uuid   NOT NULL,
  seq          bigint NOT NULL,
  session      uuid   NOT NULL,
  doc          bytea  NOT NULL,
  PRIMARY KEY (account, conversation, seq)
) {{by "messages" ""}};

CREATE TABLE charla.entries (
  account      uuid   NOT NULL,
  conversation uuid   NOT NULL,
  n            bigint NOT NULL,
  ticket       bigint NOT NULL,
  doc          bytea  NOT NULL,
  PRIMARY KEY (account, conversation, n)
) {{by "entries" ""}};

CREATE TABLE charla.receipts (
  account      uuid  NOT NULL,
  conversation uuid  NOT NULL,
  scope        text COLLATE "C" NOT NULL,
  key          text COLLATE "C" NOT NULL,
  doc          bytea NOT NULL,
  PRIMARY KEY (account, conversation, scope, key)
) {{by "receipts" ""}};

CREATE TABLE charla.answers (
  account      uuid    NOT NULL,
  at           bigint  NOT NULL,
  conversation uuid    NOT NULL,
  -- Of the conversation that brought it, and its place there.
  version      bigint  NOT NULL,
  n            bigint  NOT NULL,
  ticket       bigint  NOT NULL,
  since        bigint  NOT NULL,
  -- Nanoseconds.
  waited       bigint  NOT NULL,
  sla          bigint  NOT NULL,
  first        boolean NOT NULL,
  agent        text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, at, conversation, version, n)
) {{by "answers" ""}};

CREATE TABLE charla.deliveries (
  account      uuid    NOT NULL,
  name         text COLLATE "C" NOT NULL,
  -- In the order of their commits.
  n            bigint  NOT NULL DEFAULT nextval('charla.numbers'),
  kind         text COLLATE "C" NOT NULL,
  conversation uuid    NOT NULL,
  ticket       bigint  NOT NULL,
  body         bytea   NOT NULL,
  repeatable   boolean NOT NULL,
  state        text COLLATE "C" NOT NULL,
  attempts     bigint  NOT NULL,
  fence        bigint  NOT NULL,
  not_before   bigint  NOT NULL,
  settled      bigint  NOT NULL,
  -- What the next step waits for: of a pending one not_before, of a sending one
  -- the end of its lease, of a sent one settled.
  due          bigint,
  error        text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, name)
) {{by "deliveries" "fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0"}};
CREATE INDEX deliveries_state ON charla.deliveries (account, state, n);
-- The claims of what is to be sent, of what was lost while it was sent, and of
-- what is to be pruned, for all accounts.
CREATE INDEX deliveries_pending ON charla.deliveries (due, n) WHERE state = 'pending';
CREATE INDEX deliveries_sending ON charla.deliveries (due) WHERE state = 'sending' AND due IS NOT NULL;
CREATE INDEX deliveries_sent ON charla.deliveries (due) WHERE state = 'sent';

-- Words by which a ticket is found, as a commit brought them. Each is led by the
-- account's number (words.go).
CREATE TABLE charla.texts (
  account      uuid     NOT NULL,
  conversation uuid     NOT NULL,
  ticket       bigint   NOT NULL,
  -- Of the conversation, and its place there.
  version      bigint   NOT NULL,
  n            bigint   NOT NULL,
  words        tsvector NOT NULL,
  -- Words that are too long for the index, in full.
  long         text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, conversation, ticket, version, n)
) {{by "texts" ""}};
CREATE INDEX texts_words ON charla.texts USING gin (words);

-- How far each side of a conversation has read.
CREATE TABLE charla.marks (
  account      uuid   NOT NULL,
  conversation uuid   NOT NULL,
  customer     bigint NOT NULL,
  agent        bigint NOT NULL,
  PRIMARY KEY (account, conversation)
) {{by "marks" "fillfactor = 80"}};

-- What visitors sent by the contact form.
CREATE TABLE charla.submissions (
  account uuid   NOT NULL,
  name    text COLLATE "C" NOT NULL,
  n       bigint NOT NULL DEFAULT nextval('charla.numbers'),
  doc     json   NOT NULL,
  PRIMARY KEY (account, name)
) {{by "submissions" ""}};
CREATE INDEX submissions_n ON charla.submissions (account, n);
