"""Legal orders, on both sides: who sends one drafts it here, who gets one answers it here."""
