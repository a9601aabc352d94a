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
