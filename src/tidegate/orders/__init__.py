"""Legal orders, and referrals: what authorities ask for, and what platforms answer."""
