-- The one way in which sealed records leave: with the entry that says so, in the same transaction, and of
-- an item that is erased. It belongs to whoever migrates, so that the role that serves needs no right to
-- change them.
CREATE FUNCTION ledger_blank(about uuid, ending uuid, OUT waiting uuid[], OUT sealed bigint)
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  PERFORM FROM ledger_pending WHERE id = ending AND subject = about
    AND kind = 'item.erased' AND xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'records are blanked only in the transaction that appends the erasure of their subject'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM FROM items WHERE id = about AND erased_at IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'records are blanked only of an item that is erased'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  -- Pending first: what the sequencer moves meanwhile is then found in the chain.
  WITH blanked AS (
    UPDATE ledger_pending SET salt = NULL, record = NULL
    WHERE subject = about AND record IS NOT NULL AND kind <> 'item.erased'
    RETURNING id
  ) SELECT coalesce(array_agg(id), '{}') INTO waiting FROM blanked;
  UPDATE ledger SET salt = NULL, record = NULL
    WHERE subject = about AND record IS NOT NULL AND kind <> 'item.erased';
  GET DIAGNOSTICS sealed = ROW_COUNT;
END
$$;

-- It sees the tables that stand beside it, whatever its caller's path is.
DO $$ BEGIN
  EXECUTE 'ALTER FUNCTION ledger_blank SET search_path = pg_catalog, '
    || quote_ident(current_schema()) || ', pg_temp';
END $$;

REVOKE ALL ON FUNCTION ledger_blank FROM PUBLIC;
