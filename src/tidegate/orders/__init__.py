"""Legal orders and referrals: received, executed and answered; drafted, issued and followed."""
