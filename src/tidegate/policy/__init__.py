"""What we judge by: rules in CEL, kept in versioned packs, evaluated on facts and explained."""
