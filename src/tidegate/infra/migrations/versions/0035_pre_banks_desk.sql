-- Banks on the desk: entries are listed by what they are; changes wait before they leave; lists come by a form.
ALTER TABLE entries ADD COLUMN kinds TEXT[];
CREATE INDEX ix_entries_listed ON entries (bank_id, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_entries_state ON entries (bank_id, state, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_entries_created_by ON entries (bank_id, created_by, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_entries_disabled ON entries (bank_id, id) WHERE enabled IS false AND deleted_at IS NULL;
CREATE INDEX ix_entries_kinds ON entries USING gin (kinds) WITH (gin_pending_list_limit = 64) WHERE deleted_at IS NULL;
CREATE INDEX ix_entries_labels ON entries USING gin (labels) WITH (gin_pending_list_limit = 64) WHERE labels IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX ix_entries_kinds_wanted ON entries (number) WHERE kinds IS NULL;
CREATE INDEX IF NOT EXISTS ix_evaluations_matches ON evaluations USING gin (matches jsonb_path_ops) WHERE matches != '[]';
CREATE INDEX ix_cases_first_matches ON cases (band, waits_since, id) WHERE state != 'decided' AND (match ->> 'confirmed') = 'false';
CREATE INDEX ix_cases_of_entries ON cases (band, waits_since, id) WHERE state != 'decided' AND subject_kind = 'entry';
CREATE TABLE bank_changes (
  id UUID NOT NULL,
  bank_id UUID NOT NULL,
  entry_id UUID,
  what TEXT NOT NULL,
  radius JSONB,
  was JSONB NOT NULL,
  made_by TEXT NOT NULL,
  maker TEXT NOT NULL,
  state TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  leaves_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT pk_bank_changes PRIMARY KEY (id),
  CONSTRAINT fk_bank_changes_bank_id FOREIGN KEY(bank_id) REFERENCES banks (id),
  CONSTRAINT fk_bank_changes_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id)
);
CREATE INDEX ix_bank_changes_held ON bank_changes (leaves_at) WHERE state = 'held';
CREATE UNIQUE INDEX uq_bank_changes_entry ON bank_changes (entry_id) WHERE state = 'held' AND entry_id IS NOT NULL;
CREATE UNIQUE INDEX uq_bank_changes_bank ON bank_changes (bank_id) WHERE state = 'held' AND entry_id IS NULL;
CREATE INDEX ix_bank_changes_of ON bank_changes (bank_id, entry_id);
CREATE TABLE bank_imports (
  id UUID NOT NULL,
  bank_id UUID NOT NULL,
  made_by TEXT NOT NULL,
  labels TEXT[] NOT NULL,
  confirmed BOOLEAN NOT NULL,
  accept_wider BOOLEAN NOT NULL,
  state TEXT NOT NULL,
  files INTEGER NOT NULL,
  read INTEGER NOT NULL,
  lines BIGINT NOT NULL,
  entries BIGINT NOT NULL,
  bad BIGINT NOT NULL,
  skipped BIGINT NOT NULL,
  added BIGINT NOT NULL,
  duplicates BIGINT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_bank_imports PRIMARY KEY (id),
  CONSTRAINT fk_bank_imports_bank_id FOREIGN KEY(bank_id) REFERENCES banks (id)
);
CREATE INDEX ix_bank_imports_open ON bank_imports (created_at) WHERE state IN ('reading', 'taking');
CREATE INDEX ix_bank_imports_bank ON bank_imports (bank_id, created_at);
CREATE TABLE bank_import_files (
  import_id UUID NOT NULL,
  place INTEGER NOT NULL,
  is_list BOOLEAN NOT NULL,
  filename TEXT NOT NULL,
  content_type TEXT,
  data BYTEA NOT NULL,
  entries BYTEA,
  CONSTRAINT pk_bank_import_files PRIMARY KEY (import_id, place),
  CONSTRAINT fk_bank_import_files_import_id FOREIGN KEY(import_id) REFERENCES bank_imports (id)
);
CREATE TABLE bank_import_errors (
  import_id UUID NOT NULL,
  file INTEGER NOT NULL,
  line BIGINT NOT NULL,
  filename TEXT NOT NULL,
  problem TEXT NOT NULL,
  CONSTRAINT pk_bank_import_errors PRIMARY KEY (import_id, file, line),
  CONSTRAINT fk_bank_import_errors_import_id FOREIGN KEY(import_id) REFERENCES bank_imports (id)
);
