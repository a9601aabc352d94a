-- What an order does: a decision and a hold say under which, and of what must not be told to the author yet it
-- is written down until when. Targets of the platform's acting systems are told less.
ALTER TABLE decisions ADD COLUMN order_id uuid;
ALTER TABLE holds ADD COLUMN order_id uuid;
CREATE INDEX ix_holds_order ON holds (item_id) WHERE order_id IS NOT NULL AND lifted_at IS NULL;
ALTER TABLE webhooks ADD COLUMN plain boolean NOT NULL DEFAULT false;
CREATE TABLE disclosures (
    item_id uuid NOT NULL,
    order_id uuid NOT NULL,
    until timestamptz NOT NULL,
    withheld_at timestamptz NOT NULL,
    released_at timestamptz,
    CONSTRAINT pk_disclosures PRIMARY KEY (item_id, order_id),
    CONSTRAINT fk_disclosures_item_id FOREIGN KEY (item_id) REFERENCES items (id)
);
CREATE INDEX ix_disclosures_withheld ON disclosures (item_id) WHERE released_at IS NULL;
