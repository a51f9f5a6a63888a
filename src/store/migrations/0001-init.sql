-- Studies, trials and events. Bodies are JSON; columns are what is searched.
CREATE TABLE study (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE trial (
  study TEXT NOT NULL REFERENCES study (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  state TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (study, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  study TEXT NOT NULL REFERENCES study (id) ON DELETE CASCADE,
  type TEXT NOT NULL,
  trial INTEGER,
  at INTEGER NOT NULL,
  data TEXT NOT NULL
) STRICT;

CREATE INDEX event_of_study ON event (study, seq);

CREATE TABLE document (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- One row that is rewritten to find out whether the disk takes writes again.
CREATE TABLE probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  value BLOB NOT NULL
) STRICT;
