-- Where a case would be if no rule for queues and no open incident had led it to another.

ALTER TABLE cases ADD COLUMN routed_from text;
