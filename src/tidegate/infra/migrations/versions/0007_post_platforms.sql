-- The cases that the program of before opened are those of their items' platforms.
UPDATE cases SET platform = items.platform FROM items WHERE items.id = cases.item_id AND cases.platform IS NULL;
