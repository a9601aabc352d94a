-- Versions of threat packs: what texts of reports are screened by.
CREATE TABLE threat_packs (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  source TEXT NOT NULL,
  digest BYTEA NOT NULL,
  state TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  shadowed_at TIMESTAMP WITH TIME ZONE,
  live_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pk_threat_packs PRIMARY KEY (name, version)
);
CREATE UNIQUE INDEX uq_threat_packs_running ON threat_packs (name, state) WHERE state != 'stored';

-- A stored version of a threat pack is kept for ever and never changes; only its state does.
CREATE FUNCTION threat_packs_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF ROW(NEW.name, NEW.version, NEW.source, NEW.digest, NEW.created_by, NEW.created_at)
      IS NOT DISTINCT FROM
      ROW(OLD.name, OLD.version, OLD.source, OLD.digest, OLD.created_by, OLD.created_at)
    THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'stored threat pack versions are kept' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER threat_packs_kept BEFORE UPDATE OR DELETE ON threat_packs
  FOR EACH ROW EXECUTE FUNCTION threat_packs_kept();
