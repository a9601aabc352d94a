CREATE TABLE answers (
	actor TEXT NOT NULL, 
	route TEXT NOT NULL, 
	key TEXT NOT NULL, 
	digest BYTEA NOT NULL, 
	status INTEGER NOT NULL, 
	body BYTEA NOT NULL, 
	subject UUID, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_answers PRIMARY KEY (actor, route, key)
);

CREATE INDEX ix_answers_created_at ON answers (created_at);

CREATE INDEX ix_answers_subject ON answers (subject);

CREATE TABLE banks (
	id UUID NOT NULL, 
	number INTEGER GENERATED ALWAYS AS IDENTITY, 
	name TEXT NOT NULL, 
	stance TEXT NOT NULL, 
	radius JSONB NOT NULL, 
	labels TEXT[] NOT NULL, 
	provenance JSONB, 
	note TEXT, 
	enabled BOOLEAN NOT NULL, 
	disabled_until TIMESTAMP WITH TIME ZONE, 
	version BIGINT NOT NULL, 
	widened BIGINT DEFAULT '0' NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_banks PRIMARY KEY (id)
);

CREATE INDEX ix_banks_version ON banks (version);

CREATE UNIQUE INDEX uq_banks_name ON banks (name) WHERE deleted_at IS NULL;

CREATE TABLE counters (
	name TEXT NOT NULL, 
	value BIGINT NOT NULL, 
	CONSTRAINT pk_counters PRIMARY KEY (name)
);

CREATE TABLE identity (
	is_it BOOLEAN NOT NULL CONSTRAINT ck_identity_one_row CHECK (is_it), 
	mark BYTEA NOT NULL, 
	CONSTRAINT pk_identity PRIMARY KEY (is_it)
);

CREATE TABLE items (
	id UUID NOT NULL, 
	platform TEXT NOT NULL, 
	external_id TEXT NOT NULL, 
	publicness TEXT NOT NULL, 
	author TEXT, 
	revision INTEGER NOT NULL, 
	verdict TEXT NOT NULL, 
	sequence INTEGER DEFAULT '0' NOT NULL, 
	restricted_by UUID, 
	url_key BYTEA, 
	received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	erased_at TIMESTAMP WITH TIME ZONE, 
	expunged_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_items PRIMARY KEY (id), 
	CONSTRAINT uq_items_platform_external_id UNIQUE (platform, external_id)
);

CREATE INDEX ix_items_author ON items (author) WHERE restricted_by IS NOT NULL;

CREATE INDEX ix_items_received_at ON items (received_at);

CREATE INDEX ix_items_url_key ON items (url_key) WHERE url_key IS NOT NULL;

CREATE TABLE ledger (
	seq BIGINT NOT NULL, 
	id UUID NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	kind TEXT NOT NULL, 
	subject UUID, 
	commitment BYTEA NOT NULL, 
	prev BYTEA NOT NULL, 
	hash BYTEA NOT NULL, 
	salt BYTEA, 
	record BYTEA, 
	CONSTRAINT pk_ledger PRIMARY KEY (seq)
);

CREATE INDEX ix_ledger_subject ON ledger (subject) WHERE subject IS NOT NULL;

CREATE TABLE ledger_heads (
	seq BIGINT NOT NULL, 
	hash BYTEA NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	key TEXT NOT NULL, 
	signature BYTEA NOT NULL, 
	CONSTRAINT pk_ledger_heads PRIMARY KEY (seq)
);

CREATE TABLE ledger_pending (
	id UUID NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	kind TEXT NOT NULL, 
	subject UUID, 
	commitment BYTEA NOT NULL, 
	salt BYTEA, 
	record BYTEA, 
	CONSTRAINT pk_ledger_pending PRIMARY KEY (id)
);

CREATE TABLE packs (
	name TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	digest BYTEA NOT NULL, 
	state TEXT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	activated_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_packs PRIMARY KEY (name, version)
);

CREATE UNIQUE INDEX uq_packs_active ON packs (state) WHERE state = 'active';

CREATE TABLE sign_in_failures (
	counter BYTEA NOT NULL, 
	failures INTEGER NOT NULL, 
	last_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	until TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_sign_in_failures PRIMARY KEY (counter)
);

CREATE TABLE users (
	id UUID NOT NULL, 
	email TEXT NOT NULL, 
	role TEXT NOT NULL, 
	password_hash TEXT, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	disabled_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_email UNIQUE (email)
);

CREATE TABLE webhooks (
	id UUID NOT NULL, 
	url TEXT NOT NULL, 
	secret TEXT NOT NULL, 
	events TEXT[] NOT NULL, 
	allow_private BOOLEAN NOT NULL, 
	enforce BOOLEAN NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	failing_since TIMESTAMP WITH TIME ZONE, 
	last_success_at TIMESTAMP WITH TIME ZONE, 
	disabled_at TIMESTAMP WITH TIME ZONE, 
	disabled_because TEXT, 
	CONSTRAINT pk_webhooks PRIMARY KEY (id)
);

CREATE TABLE cases (
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	queue TEXT NOT NULL, 
	state TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	match JSONB, 
	claimed_by TEXT, 
	claimed_until TIMESTAMP WITH TIME ZONE, 
	decision_id UUID, 
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	reopened_at TIMESTAMP WITH TIME ZONE, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_cases PRIMARY KEY (id), 
	CONSTRAINT fk_cases_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_cases_claimed_until ON cases (claimed_until) WHERE state = 'claimed';

CREATE INDEX ix_cases_item_id ON cases (item_id);

CREATE INDEX ix_cases_opened_at ON cases (opened_at, id);

CREATE INDEX ix_cases_queue ON cases (queue, opened_at, id) INCLUDE (state) WHERE state != 'decided';

CREATE INDEX ix_cases_state ON cases (state, opened_at, id);

CREATE INDEX ix_cases_waiting ON cases (opened_at, id) WHERE state != 'decided';

CREATE UNIQUE INDEX uq_cases_item_id ON cases (item_id) WHERE state != 'decided';

CREATE TABLE decisions (
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	case_id UUID, 
	evaluation_id UUID, 
	outcome TEXT NOT NULL, 
	label TEXT, 
	ground_kind TEXT, 
	ground_reference TEXT, 
	exemption TEXT, 
	scope TEXT, 
	territory TEXT[], 
	until TIMESTAMP WITH TIME ZONE, 
	reason TEXT NOT NULL, 
	decided_by TEXT NOT NULL, 
	reverses UUID, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_decisions PRIMARY KEY (id), 
	CONSTRAINT fk_decisions_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_decisions_item_id ON decisions (item_id);

CREATE INDEX ix_decisions_until ON decisions (until) WHERE until IS NOT NULL;

CREATE TABLE entries (
	id UUID NOT NULL, 
	number BIGINT GENERATED ALWAYS AS IDENTITY, 
	bank_id UUID NOT NULL, 
	labels TEXT[], 
	provenance JSONB, 
	note TEXT, 
	confidence INTEGER, 
	state TEXT NOT NULL, 
	enabled BOOLEAN NOT NULL, 
	disabled_until TIMESTAMP WITH TIME ZONE, 
	fingerprints BYTEA NOT NULL, 
	digest BYTEA NOT NULL, 
	evidence BYTEA, 
	text TEXT, 
	version BIGINT NOT NULL, 
	created_by TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	judged_by TEXT, 
	judged_at TIMESTAMP WITH TIME ZONE, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_entries PRIMARY KEY (id), 
	CONSTRAINT fk_entries_bank_id FOREIGN KEY(bank_id) REFERENCES banks (id)
);

CREATE INDEX ix_entries_bank_id ON entries (bank_id);

CREATE INDEX ix_entries_digest ON entries (digest) WHERE deleted_at IS NULL;

CREATE INDEX ix_entries_disabled_until ON entries (disabled_until) WHERE disabled_until IS NOT NULL;

CREATE INDEX ix_entries_evidence ON entries (evidence) WHERE evidence IS NOT NULL;

CREATE INDEX ix_entries_version ON entries (version);

CREATE UNIQUE INDEX uq_entries_number ON entries (number);

CREATE TABLE evaluations (
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	pack TEXT NOT NULL, 
	bank_version BIGINT NOT NULL, 
	verdict TEXT NOT NULL, 
	rules JSONB NOT NULL, 
	matches JSONB NOT NULL, 
	problems JSONB NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_evaluations PRIMARY KEY (id), 
	CONSTRAINT fk_evaluations_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_evaluations_item_id ON evaluations (item_id);

CREATE TABLE evidence (
	item_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	part TEXT NOT NULL, 
	sha256 BYTEA NOT NULL, 
	size BIGINT NOT NULL, 
	content_type TEXT, 
	CONSTRAINT pk_evidence PRIMARY KEY (item_id, revision, part), 
	CONSTRAINT fk_evidence_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_evidence_sha256 ON evidence (sha256);

CREATE TABLE holds (
	id UUID NOT NULL, 
	item_id UUID NOT NULL, 
	reason TEXT NOT NULL, 
	placed_by TEXT NOT NULL, 
	placed_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	lifted_by TEXT, 
	lifted_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_holds PRIMARY KEY (id), 
	CONSTRAINT fk_holds_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_holds_item_id ON holds (item_id);

CREATE TABLE imports (
	bank_id UUID NOT NULL, 
	key BYTEA NOT NULL, 
	position BIGINT NOT NULL, 
	line BIGINT NOT NULL, 
	lines BIGINT NOT NULL, 
	added BIGINT NOT NULL, 
	duplicates BIGINT NOT NULL, 
	bad BIGINT NOT NULL, 
	skipped BIGINT NOT NULL, 
	CONSTRAINT pk_imports PRIMARY KEY (bank_id, key), 
	CONSTRAINT fk_imports_bank_id FOREIGN KEY(bank_id) REFERENCES banks (id)
);

CREATE TABLE keys (
	id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	secret_hash BYTEA NOT NULL, 
	scopes TEXT[] NOT NULL, 
	platform TEXT, 
	user_id UUID, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	created_by TEXT NOT NULL, 
	revoked_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_keys PRIMARY KEY (id), 
	CONSTRAINT fk_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_keys_user_id ON keys (user_id);

CREATE TABLE links (
	token_hash BYTEA NOT NULL, 
	user_id UUID NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_links PRIMARY KEY (token_hash), 
	CONSTRAINT fk_links_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_links_user_id ON links (user_id);

CREATE TABLE messages (
	id TEXT NOT NULL, 
	type TEXT NOT NULL, 
	item_id UUID NOT NULL, 
	body BYTEA, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT fk_messages_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_messages_item_id ON messages (item_id);

CREATE TABLE reports (
	id UUID NOT NULL, 
	platform TEXT NOT NULL, 
	external_id TEXT NOT NULL, 
	item_id UUID NOT NULL, 
	case_id UUID, 
	channel TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	comment TEXT, 
	reporter TEXT, 
	digest BYTEA NOT NULL, 
	answer BYTEA, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_reports PRIMARY KEY (id), 
	CONSTRAINT uq_reports_platform_external_id UNIQUE (platform, external_id), 
	CONSTRAINT fk_reports_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_reports_case_id ON reports (case_id);

CREATE INDEX ix_reports_item_id ON reports (item_id);

CREATE TABLE revisions (
	item_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	number BIGINT GENERATED ALWAYS AS IDENTITY, 
	xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
	bank_version BIGINT DEFAULT '0' NOT NULL, 
	digest BYTEA NOT NULL, 
	content BYTEA, 
	media JSONB, 
	fingerprints BYTEA, 
	answer BYTEA, 
	received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_revisions PRIMARY KEY (item_id, revision), 
	CONSTRAINT fk_revisions_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_revisions_xid ON revisions (xid);

CREATE UNIQUE INDEX uq_revisions_number ON revisions (number);

CREATE TABLE sessions (
	token_hash BYTEA NOT NULL, 
	user_id UUID NOT NULL, 
	csrf TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (token_hash), 
	CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);

CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE actions (
	id UUID NOT NULL, 
	number BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	item_id UUID NOT NULL, 
	revision INTEGER NOT NULL, 
	sequence INTEGER NOT NULL, 
	decision_id UUID NOT NULL, 
	message_id TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_actions PRIMARY KEY (id), 
	CONSTRAINT uq_actions_number UNIQUE (number), 
	CONSTRAINT fk_actions_item_id FOREIGN KEY(item_id) REFERENCES items (id), 
	CONSTRAINT fk_actions_message_id FOREIGN KEY(message_id) REFERENCES messages (id)
);

CREATE INDEX ix_actions_decision_id ON actions (decision_id);

CREATE INDEX ix_actions_item_id ON actions (item_id);

CREATE INDEX ix_actions_message_id ON actions (message_id);

CREATE TABLE case_events (
	id BIGINT GENERATED BY DEFAULT AS IDENTITY, 
	case_id UUID NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	kind TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	detail JSONB DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_case_events PRIMARY KEY (id), 
	CONSTRAINT fk_case_events_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);

CREATE INDEX ix_case_events_case_id ON case_events (case_id);

CREATE TABLE deliveries (
	message_id TEXT NOT NULL, 
	webhook_id UUID NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	releases INTEGER DEFAULT '0' NOT NULL, 
	next_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	leased_until TIMESTAMP WITH TIME ZONE, 
	first_attempt_at TIMESTAMP WITH TIME ZONE, 
	last_attempt_at TIMESTAMP WITH TIME ZONE, 
	last_status INTEGER, 
	last_error TEXT, 
	delivered_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_deliveries PRIMARY KEY (message_id, webhook_id), 
	CONSTRAINT fk_deliveries_message_id FOREIGN KEY(message_id) REFERENCES messages (id), 
	CONSTRAINT fk_deliveries_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhooks (id)
);

CREATE INDEX ix_deliveries_dead ON deliveries (last_attempt_at) WHERE state = 'dead';

CREATE INDEX ix_deliveries_due ON deliveries (webhook_id, next_at) WHERE state = 'pending';

CREATE TABLE quarantines (
	entry_id UUID NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	lifted_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_quarantines PRIMARY KEY (entry_id), 
	CONSTRAINT fk_quarantines_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id)
);

CREATE TABLE sighting_days (
	entry_id UUID NOT NULL, 
	day DATE NOT NULL, 
	contents BIGINT NOT NULL, 
	CONSTRAINT pk_sighting_days PRIMARY KEY (entry_id, day), 
	CONSTRAINT fk_sighting_days_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id)
);

CREATE INDEX ix_sighting_days_day ON sighting_days (day);

CREATE TABLE sightings (
	entry_id UUID NOT NULL, 
	slot BIGINT NOT NULL, 
	code BIT(256) NOT NULL, 
	item_id UUID NOT NULL, 
	CONSTRAINT pk_sightings PRIMARY KEY (entry_id, slot, code), 
	CONSTRAINT fk_sightings_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id), 
	CONSTRAINT fk_sightings_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);

CREATE INDEX ix_sightings_slot ON sightings (slot);

CREATE TABLE sought_phrases (
	entry_id UUID NOT NULL, 
	version BIGINT NOT NULL, 
	walk BIGINT, 
	CONSTRAINT pk_sought_phrases PRIMARY KEY (entry_id), 
	CONSTRAINT fk_sought_phrases_entry_id FOREIGN KEY(entry_id) REFERENCES entries (id)
);

-- A stored pack version is kept for ever and never changes; only its state does.
CREATE FUNCTION packs_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF ROW(NEW.name, NEW.version, NEW.source, NEW.digest, NEW.created_by, NEW.created_at)
      IS NOT DISTINCT FROM
      ROW(OLD.name, OLD.version, OLD.source, OLD.digest, OLD.created_by, OLD.created_at)
    THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'stored pack versions are kept' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER packs_kept BEFORE UPDATE OR DELETE ON packs
  FOR EACH ROW EXECUTE FUNCTION packs_kept();
