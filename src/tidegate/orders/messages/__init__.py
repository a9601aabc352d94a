"""The signed messages by which two instances speak of orders: as they came, as they went, and their receipts."""
